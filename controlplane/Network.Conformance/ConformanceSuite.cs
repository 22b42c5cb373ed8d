using System.Text.RegularExpressions;
using Network.Conformance.Clients;
using Network.Conformance.Reports;
using Network.Conformance.Running;

namespace Network.Conformance;

/// <summary>A whole run: opens the clients, picks the scenarios, and gives the report.</summary>
public sealed record ConformanceSuite(string Kubeconfig, IReadOnlyList<string> Kubectls)
{
    /// <summary>Only scenarios whose sig and name match.</summary>
    public Regex? Focus { get; init; }

    public string? Sig { get; init; }

    /// <summary>Name of the lab the cluster runs in; without one the rows that ask through its network are left out.</summary>
    public string? Lab { get; init; }

    public int Parallel { get; init; } = 4;

    public Action<Scenario, IClusterClient, Outcome> Progress { get; init; } = (_, _, _) => { };

    public IReadOnlyList<Scenario> Scenarios => ScenarioCatalog.All
        .Where(scenario => (!scenario.NeedsLab || Lab is not null) && (Sig is null || scenario.Sig == Sig.Replace("sig-", "", StringComparison.Ordinal)) && Focus?.IsMatch($"{scenario.Sig}: {scenario.Name}") != false)
        .ToList();

    public async Task<ConformanceReport> RunAsync(CancellationToken cancel)
    {
        var home = Directory.CreateTempSubdirectory("podnet-conformance-");
        try
        {
            using var observer = new CSharpClient(Kubeconfig);
            List<IClusterClient> clients = [];
            for (var i = 0; i < Kubectls.Count; i++)
                clients.Add(new KubectlClient(await KubectlProcess.OpenAsync(Kubectls[i], Kubeconfig, Path.Combine(home.FullName, $"{i}"), cancel).ConfigureAwait(false)));
            clients.Add(observer);
            var runner = new ConformanceRunner(clients, observer, TimeProvider.System)
            {
                Parallel = Parallel,
                HasNode = await HasNodeAsync(observer, cancel).ConfigureAwait(false),
                Lab = Lab,
                Progress = Progress,
            };
            return new ConformanceReport(clients.ConvertAll(client => client.Name), await runner.RunAsync(Scenarios, cancel).ConfigureAwait(false));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private static async Task<bool> HasNodeAsync(CSharpClient client, CancellationToken cancel)
    {
        var nodes = await client.ListAsync(Kinds.Nodes, null, Selection.Everything, cancel).ConfigureAwait(false);
        return nodes["items"]!.AsArray().Any(node => node!["status"]?["conditions"]?.AsArray()
            .Any(condition => (string?)condition!["type"] == "Ready" && (string?)condition["status"] == "True") == true);
    }
}
