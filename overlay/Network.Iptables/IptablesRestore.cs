using Network.Linux;

namespace Network.Iptables;

/// <summary>
/// Runs iptables-restore and iptables-save, in a namespace where asked. One run a change, however many rules: a fork
/// per rule is what made older proxies slow.
/// </summary>
public sealed class IptablesRestore
{
    private readonly string _prefix;
    private readonly string? _netNs;

    private IptablesRestore(IptablesFamily family, IptablesVariant variant, string? netNs)
    {
        Family = family;
        Variant = variant;
        _netNs = netNs;
        _prefix = (family == IptablesFamily.V4 ? "iptables" : "ip6tables") + variant switch
        {
            IptablesVariant.Nft => "-nft",
            IptablesVariant.Legacy => "-legacy",
            _ => "",
        };
    }

    public IptablesFamily Family { get; }

    public IptablesVariant Variant { get; }

    /// <summary>Uses one implementation without looking.</summary>
    public static IptablesRestore Of(IptablesFamily family, IptablesVariant variant = IptablesVariant.Default, string? netNs = null) =>
        new(family, variant, netNs);

    /// <summary>
    /// Uses the implementation that already holds rules, because a packet must pass both sets and ours belong beside
    /// the others'; the system's default when neither or both do.
    /// </summary>
    public static async Task<IptablesRestore> DetectAsync(IptablesFamily family, string? netNs = null, CancellationToken cancel = default)
    {
        var nft = await Of(family, IptablesVariant.Nft, netNs).CountAsync(cancel).ConfigureAwait(false);
        var legacy = await Of(family, IptablesVariant.Legacy, netNs).CountAsync(cancel).ConfigureAwait(false);
        return Of(family, (nft, legacy) switch
        {
            ( > 0, 0) => IptablesVariant.Nft,
            (0, > 0) => IptablesVariant.Legacy,
            _ => IptablesVariant.Default,
        }, netNs);
    }

    /// <summary>Whether the rules are kept in nf_tables; false for the old kind, and where there is no iptables.</summary>
    public async Task<bool> IsNftAsync(CancellationToken cancel = default) => Variant == IptablesVariant.Nft
        // Versions before 1.8 say nothing of it and are the old kind.
        || (Variant == IptablesVariant.Default && (await DescribeAsync(cancel).ConfigureAwait(false)).Contains("nf_tables", StringComparison.Ordinal));

    /// <summary>The version of the programs; null where it cannot be told.</summary>
    public async Task<Version?> VersionAsync(CancellationToken cancel = default) =>
        (await DescribeAsync(cancel).ConfigureAwait(false)).Split(' ', '\n').FirstOrDefault(word => word.StartsWith('v')) is { } word && Version.TryParse(word.AsSpan(1), out var version) ? version : null;

    // "iptables v1.8.9 (nf_tables)"; empty where there is none.
    private async Task<string> DescribeAsync(CancellationToken cancel)
    {
        try
        {
            var said = await Command.RunAsync(Spec("", "-V"), cancel: cancel).ConfigureAwait(false);
            return said.Succeeded ? said.Output : "";
        }
        catch (LinuxException)
        {
            return "";
        }
    }

    /// <summary>Applies the transaction; a refusal names the line.</summary>
    public async Task ApplyAsync(IptablesTransaction transaction, CancellationToken cancel = default)
    {
        if (transaction.IsEmpty)
            return;
        var text = transaction.ToString();
        var result = await Command.RunAsync(Spec("-restore", "--noflush", "--counters", "-w", "5"), text, cancel).ConfigureAwait(false);
        if (!result.Succeeded)
            throw new IptablesException($"{_prefix}-restore refused: {result.Error.Trim()}{QuoteLine(text, result.Error)}");
    }

    /// <param name="table">One table; null reads all.</param>
    public async Task<IptablesSnapshot> SaveAsync(string? table = null, CancellationToken cancel = default)
    {
        var spec = table is null ? Spec("-save") : Spec("-save", "-t", table);
        var result = await Command.RunAsync(spec, cancel: cancel).ConfigureAwait(false);
        return result.Succeeded
            ? IptablesSnapshot.Parse(result.Output)
            : throw new IptablesException($"{_prefix}-save refused: {result.Error.Trim()}");
    }

    /// <summary>All rules, in words.</summary>
    public async Task<string> SaveTextAsync(CancellationToken cancel = default)
    {
        var result = await Command.RunAsync(Spec("-save"), cancel: cancel).ConfigureAwait(false);
        return result.Succeeded ? result.Output : throw new IptablesException($"{_prefix}-save refused: {result.Error.Trim()}");
    }

    private async Task<int> CountAsync(CancellationToken cancel)
    {
        try
        {
            return (await SaveAsync(cancel: cancel).ConfigureAwait(false)).RuleCount;
        }
        catch (Exception e) when (e is IptablesException or LinuxException)
        {
            // Not installed, or the kernel lacks that implementation: it holds no rules.
            return 0;
        }
    }

    private ChildSpec Spec(string suffix, params string[] arguments) => new(_prefix + suffix, arguments) { NetNs = _netNs };

    private static string QuoteLine(string text, string error)
    {
        // "line 4 failed" or "Error occurred at line: 4", by implementation and version.
        const string marker = "line";
        var at = error.LastIndexOf(marker, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return "";
        var digits = new string(error[(at + marker.Length)..].TrimStart(':', ' ').TakeWhile(char.IsAsciiDigit).ToArray());
        var lines = text.Split('\n');
        return int.TryParse(digits, out var number) && number >= 1 && number <= lines.Length
            ? $"; line {number} is: {lines[number - 1]}"
            : "";
    }
}
