namespace Network.Dns.Config;

/// <summary>A line of a Corefile, with the lines in its braces.</summary>
public sealed record Directive(string Name, IReadOnlyList<string> Arguments, IReadOnlyList<Directive> Block, string File, int Line)
{
    /// <summary>A refusal that names the place.</summary>
    public CorefileException Refuse(string reason) => new(File, Line, $"{Name}: {reason}");

    /// <summary>The only argument.</summary>
    public string Single() => Arguments is [var one] ? one : throw Refuse($"takes one argument, not {Arguments.Count}");

    public uint Number(int index = 0)
    {
        if (index >= Arguments.Count)
            throw Refuse("a number is missing");
        return uint.TryParse(Arguments[index], System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw Refuse($"\"{Arguments[index]}\" is no number");
    }

    /// <summary>Refuses what stands in the braces and is none of these.</summary>
    public void Allow(params string[] options)
    {
        if (Block.FirstOrDefault(option => !options.Contains(option.Name)) is { } unknown)
            throw unknown.Refuse(options.Length == 0 ? $"{Name} takes no options" : $"{Name} knows {string.Join(", ", options)}");
    }

    /// <summary>Zones whose unknown names are asked of the next plugin; empty text means all.</summary>
    internal IReadOnlyList<string> Fallthrough() => Block.Where(option => option.Name == "fallthrough")
        .SelectMany(option => option.Arguments.Count == 0 ? [""] : option.Arguments.Select(ZoneDirectives.Zone)).ToList();

    /// <summary>The zones behind the first arguments, else those of the block.</summary>
    internal IReadOnlyList<string> ZonesAfter(int arguments, PluginContext context) =>
        Arguments.Count > arguments ? Arguments.Skip(arguments).Select(ZoneDirectives.Zone).ToList() : context.Zones;

    /// <summary>A duration as Go writes it: 500ms, 5s, 1m, 1h; a bare number is seconds.</summary>
    public TimeSpan Duration(int index = 0)
    {
        if (index >= Arguments.Count)
            throw Refuse("a duration is missing");
        return GoDuration.TryParse(Arguments[index], out var duration) ? duration : throw Refuse($"\"{Arguments[index]}\" is no duration; write 500ms, 5s or 1h");
    }
}

/// <summary>A server: its zones with addresses, and its plugins.</summary>
public sealed record ServerBlock(IReadOnlyList<ServerKey> Keys, IReadOnlyList<Directive> Directives, string File, int Line);

/// <summary>Zone and port of a server block: <c>cluster.local:1053</c>, <c>tls://.</c></summary>
/// <param name="Zone">Lower case, without the final dot; empty for all names.</param>
public sealed record ServerKey(string Scheme, string Zone, int Port);

/// <summary>A Corefile that cannot be used: where and why.</summary>
public sealed class CorefileException(string file, int line, string reason) : Exception($"{file}:{line}: {reason}")
{
    public int Line { get; } = line;
}
