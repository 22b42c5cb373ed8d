using Network.Linux;
using Network.TestKit;

namespace Network.EndToEnd.Tests.Cluster;

/// <summary>The two generations of kubectl that must work.</summary>
public sealed class Kubectls
{
    public static readonly Kubectls New = new("kubectl", "kubectl");
    public static readonly Kubectls Old = new("1.20", "/var/lib/podnet/kubectl-1.20/usr/bin/kubectl");

    private Kubectls(string name, string program)
    {
        Name = name;
        Program = program;
    }

    public string Name { get; }

    /// <summary>A path, or a name to be found on the PATH.</summary>
    public string Program { get; }

    public static Kubectls ByName(string name) => name == Old.Name ? Old : New;

    public string Run(LabCluster cluster, params string[] arguments)
    {
        var result = Try(cluster, null, arguments);
        return result.OrThrow($"kubectl {string.Join(' ', arguments)}").Output;
    }

    /// <summary>Runs to the end with some input and gives everything back, also a failure.</summary>
    public CommandResult Try(LabCluster cluster, string? input, params string[] arguments)
    {
        if (Program.Contains('/') && !File.Exists(Program))
            Xunit.Assert.Skip($"{Program} is not there; tests/run unpacks it");
        Requires.Tool("kubectl");
        return Command.RunAsync(Spec(cluster, arguments), input).GetAwaiter().GetResult();
    }

    /// <summary>The command as a shell would be given it, for pipes and pseudo terminals.</summary>
    public string Line(LabCluster cluster, string arguments) => $"KUBECONFIG={cluster.Kubeconfig} {Program} {arguments}";

    private ChildSpec Spec(LabCluster cluster, string[] arguments) => new(Program, arguments)
    {
        Environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = cluster.Kubeconfig,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["HOME"] = $"/var/lib/podnet/clusters/{cluster.Name}",
        },
    };
}
