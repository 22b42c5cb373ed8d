using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Kernel.Tests.Overlay;

/// <summary><c>podnet overlay</c> as a program of its own on one node, with networks from files, and the words that ask it.</summary>
internal sealed class OverlayProgram : IDisposable
{
    private readonly ScratchNetNs _ns;
    private readonly string _node;
    private readonly string[] _files;
    private Child? _child;

    internal OverlayProgram(ScratchNetNs ns, string node, string dataDirectory, params string[] files)
    {
        (_ns, _node, DataDirectory, _files) = (ns, node, dataDirectory, files);
        Log = Path.Combine(Path.GetDirectoryName(files[0])!, $"{node}.log");
    }

    internal string DataDirectory { get; }

    internal string Log { get; }

    // Built beside this test, in the same configuration.
    private static string Binary => Path.Combine(AppContext.BaseDirectory, "..", "..", "Network.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "podnet");

    internal void Start(params string[] more) => _child = Child.Start(new ChildSpec(Binary,
        ["overlay", "--node", _node, "--data-dir", DataDirectory, "--health-port", "0", .. Networks, .. more]) { NetNs = _ns.Name, LogFile = Log });

    internal void Kill()
    {
        _child?.Kill(Processes.SIGKILL);
        _child?.Wait();
        _child = null;
    }

    /// <summary>A further word: status, peers, audit, repair.</summary>
    internal CommandResult Ask(string word, params string[] more) =>
        Command.RunAsync(new ChildSpec(Binary, ["overlay", word, "--data-dir", DataDirectory, .. more])).GetAwaiter().GetResult();

    internal CommandResult Cleanup(params string[] more) => Command.RunAsync(new ChildSpec(Binary,
        ["overlay", "cleanup", "--node", _node, "--data-dir", DataDirectory, .. Networks, .. more]) { NetNs = _ns.Name }).GetAwaiter().GetResult();

    /// <summary>What the daemon says of a network; null while there is none of that name or nobody answers.</summary>
    internal JsonNode? Status(string network)
    {
        var result = Ask("status", "-o", "json");
        return result.Output.Length == 0 ? null : JsonNode.Parse(result.Output)!.AsArray().FirstOrDefault(each => each!["network"]!.ToString() == network);
    }

    public void Dispose() => Kill();

    private IEnumerable<string> Networks => _files.SelectMany(file => (string[])["--network", file]);
}
