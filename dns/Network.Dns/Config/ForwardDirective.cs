using System.Globalization;
using System.Net;
using Network.Dns.Plugins.Forward;

namespace Network.Dns.Config;

/// <summary>The forward line of a block.</summary>
internal static class ForwardDirective
{
    private const int MostUpstreams = 15;

    internal static ForwardSettings Read(Directive line)
    {
        if (line.Arguments is not [".", _, ..])
            throw line.Refuse("write: forward . ADDRESS... or a file like /etc/resolv.conf");
        var tlsName = line.Block.FirstOrDefault(option => option.Name == "tls_servername")?.Single();
        var upstreams = line.Arguments.Skip(1).SelectMany(to => Upstreams(line, to, tlsName)).ToList();
        if (upstreams.Count > MostUpstreams)
            throw line.Refuse($"{upstreams.Count} upstreams are too many; {MostUpstreams} are the most");
        var settings = new ForwardSettings { Upstreams = upstreams };
        return line.Block.Aggregate(settings, Apply);
    }

    private static ForwardSettings Apply(ForwardSettings settings, Directive option) => option.Name switch
    {
        "policy" => settings with { Policy = PolicyOf(option) },
        "max_fails" => settings with { MaxFails = option.Number() is 0 and var _ ? int.MaxValue : (int)option.Number() },
        "max_concurrent" => settings with { MaxConcurrent = (int)option.Number() },
        "expire" => settings with { Expire = option.Duration() },
        "health_check" => settings with { HealthInterval = option.Duration() },
        "force_tcp" => settings with { ForceTcp = true },
        "prefer_udp" => settings with { ForceTcp = false },
        "failfast_all_unhealthy_upstreams" or "failfast" => settings with { FailFast = true },
        "tls_servername" => settings,
        _ => throw option.Refuse("forward knows policy, max_fails, max_concurrent, expire, health_check, force_tcp, prefer_udp, failfast and tls_servername"),
    };

    private static ForwardPolicy PolicyOf(Directive option) => option.Single() switch
    {
        "random" => ForwardPolicy.Random,
        "round_robin" => ForwardPolicy.RoundRobin,
        "sequential" => ForwardPolicy.Sequential,
        var other => throw option.Refuse($"\"{other}\" is no policy; random, round_robin and sequential are"),
    };

    private static IEnumerable<Upstream> Upstreams(Directive line, string to, string? tlsName)
    {
        if (to.StartsWith('/'))
        {
            if (!File.Exists(to))
                throw line.Refuse($"file {to} does not exist");
            using var text = File.OpenText(to);
            return ResolvConf.Read(text).Upstreams.Select(address => new Upstream(address)).ToList();
        }

        var (tls, rest) = to.StartsWith("tls://", StringComparison.Ordinal) ? (true, to[6..]) : to.StartsWith("dns://", StringComparison.Ordinal) ? (false, to[6..]) : (false, to);
        if (rest.Contains("://", StringComparison.Ordinal))
            throw line.Refuse($"\"{to}\": only dns:// and tls:// upstreams are served");
        if (tls && tlsName is null)
            throw line.Refuse($"\"{to}\" has to prove its name; add tls_servername");
        return [new Upstream(EndPoint(line, rest, tls ? 853 : 53), tls ? tlsName : null)];
    }

    private static IPEndPoint EndPoint(Directive line, string text, int port)
    {
        if (IPAddress.TryParse(text, out var address))
            return new IPEndPoint(address, port);
        return IPEndPoint.TryParse(text, out var endpoint) && endpoint.Port != 0 ? endpoint
            : throw line.Refuse(string.Create(CultureInfo.InvariantCulture, $"\"{text}\" is neither an address nor a file"));
    }
}
