namespace Network.Sample;

/// <summary><c>podnet-sample dial http://web/hostname --tries 10</c>: the question from inside a pod.</summary>
internal static class DialCommand
{
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (!Options.TryParse(arguments, ["protocol", "request", "tries", "timeout"], out var options, out var problem))
            return Usage.Wrong(problem);
        if (options.Words.Count != 1)
            return Usage.Wrong("dial needs one target");
        var text = options.Words[0];
        if (!Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"{options.Text("protocol", "http")}://{text}", UriKind.Absolute, out var target))
            return Usage.Wrong($"\"{text}\" is neither a URL nor host:port");
        var path = target.PathAndQuery.TrimStart('/');
        var request = options.Text("request", path.Length > 0 ? path : "hostname");
        var port = target.Port > 0 ? target.Port : target.Scheme == "udp" ? 8081 : 80;
        var dialer = new Dialer(target.Host.Trim('[', ']'), port, target.Scheme, request);
        var result = await dialer.RunAsync(Math.Max(1, options.Number("tries", 1)), TimeSpan.FromSeconds(Math.Max(1, options.Number("timeout", 2))));
        Console.WriteLine(result.ToJson());
        return result.AnyAnswer ? 0 : 1;
    }
}
