using System.CommandLine;
using System.Net;
using Network.Api.Addresses;

namespace Network.Cli.Verbs;

/// <summary>Options that several verbs share, each made anew because a command owns its options.</summary>
internal static class Options
{
    internal static Option<string> Cluster() => new("--name") { Description = "name of the lab cluster", DefaultValueFactory = _ => "podnet" };

    internal static Option<string> Text(string name, string description, string byDefault) =>
        new(name) { Description = description, DefaultValueFactory = _ => byDefault };

    internal static Option<string?> Text(string name, string description) => new(name) { Description = description };

    internal static Option<int> Number(string name, string description, int byDefault) =>
        new(name) { Description = description, DefaultValueFactory = _ => byDefault };

    internal static Option<IPNetwork> Range(string name, string description, string byDefault) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => IPNetwork.Parse(byDefault),
        CustomParser = result => IpRange.TryParse(result.Tokens[0].Value, out var range)
            ? range
            : Refuse<IPNetwork>(result, $"{name} \"{result.Tokens[0].Value}\" is not a range; write address/prefix with the host bits zero, such as {byDefault}"),
    };

    internal static Option<IPAddress?> Address(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => IPAddress.TryParse(result.Tokens[0].Value, out var address)
            ? address
            : Refuse<IPAddress>(result, $"{name} \"{result.Tokens[0].Value}\" is not an IP address"),
    };

    /// <summary>A time such as 10s, 2m or 1h.</summary>
    internal static TimeSpan Duration(string name, string text)
    {
        var unit = text.Length > 0 ? text[^1] : ' ';
        if (text.Length == 0 || !double.TryParse(text[..^1], System.Globalization.CultureInfo.InvariantCulture, out var number) || number <= 0)
            throw new ArgumentException($"{name} \"{text}\" is no time; write 10s, 2m or 1h");
        return unit switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => throw new ArgumentException($"{name} \"{text}\" has no unit; write 10s, 2m or 1h"),
        };
    }

    private static T? Refuse<T>(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
