using System.Diagnostics;
using Network.Conformance.Clients;

namespace Network.Conformance.Running;

/// <summary>Runs scenarios with clients, some at once, each in a namespace of its own and within its deadline.</summary>
public sealed class ConformanceRunner(IReadOnlyList<IClusterClient> clients, CSharpClient observer, TimeProvider time)
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_setup = TimeSpan.FromSeconds(30);

    /// <summary>How many run at once.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>Whether pods can run; without it the rows that need them are named and left out.</summary>
    public bool HasNode { get; init; } = true;

    /// <summary>The lab the cluster runs in; null leaves out the scenarios that need one.</summary>
    public string? Lab { get; init; }

    /// <summary>Called after every scenario with every client, from any thread, one call at a time.</summary>
    public Action<Scenario, IClusterClient, Outcome> Progress { get; init; } = (_, _, _) => { };

    public async Task<IReadOnlyList<ResultRow>> RunAsync(IReadOnlyList<Scenario> scenarios, CancellationToken cancel)
    {
        var stage = Lab is { } lab && scenarios.Any(scenario => scenario.NeedsLab) ? await StageAsync(lab, cancel).ConfigureAwait(false) : null;
        try
        {
            return await RunAllAsync(scenarios, stage, cancel).ConfigureAwait(false);
        }
        finally
        {
            if (stage is not null)
                await RemoveAsync(stage.Namespace).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<ResultRow>> RunAllAsync(IReadOnlyList<Scenario> scenarios, Services.ServiceStage? stage, CancellationToken cancel)
    {
        var outcomes = scenarios.Select(_ => new Outcome[clients.Count]).ToList();
        var cells = scenarios.SelectMany((scenario, row) => clients.Select((client, column) => (scenario, client, row, column))).ToList();
        foreach (var together in (bool[])[true, false])
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = together ? Parallel : 1, CancellationToken = cancel };
            await System.Threading.Tasks.Parallel.ForEachAsync(cells.Where(cell => cell.scenario.Alone != together), options, async (cell, stop) =>
            {
                var outcome = await JudgeAsync(cell.scenario, Fresh(cell.client), stage, stop).ConfigureAwait(false);
                outcomes[cell.row][cell.column] = outcome;
                lock (outcomes)
                    Progress(cell.scenario, cell.client, outcome);
            }).ConfigureAwait(false);
        }

        return scenarios.Select((scenario, row) => new ResultRow(scenario, outcomes[row])).ToList();
    }

    private async Task<Outcome> JudgeAsync(Scenario scenario, IClusterClient client, Services.ServiceStage? stage, CancellationToken cancel)
    {
        if (!scenario.AppliesTo(client))
            return new Outcome(Verdict.NotApplicable, "", TimeSpan.Zero);
        if (scenario.NeedsNode && !HasNode)
            return new Outcome(Verdict.NeedsNode, "no node is Ready", TimeSpan.Zero);
        var clock = Stopwatch.StartNew();
        var failure = await FailureAsync(scenario, client, stage, cancel).ConfigureAwait(false);
        return (failure, scenario.Missing) switch
        {
            (null, null) => new Outcome(Verdict.Pass, "", clock.Elapsed),
            (null, { } missing) => new Outcome(Verdict.Fail, $"passes, although it is marked as not supported ({missing}): take the mark away", clock.Elapsed),
            (_, { } missing) => new Outcome(Verdict.NotSupported, missing, clock.Elapsed),
            _ => new Outcome(Verdict.Fail, failure, clock.Elapsed),
        };
    }

    /// <summary>Null when the scenario went as expected.</summary>
    private async Task<string?> FailureAsync(Scenario scenario, IClusterClient client, Services.ServiceStage? stage, CancellationToken cancel)
    {
        var ns = $"conf-{Guid.NewGuid().ToString("N")[..8]}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(scenario.Deadline);
        var run = new ScenarioRun(client, observer, ns, time, limit.Token) { Stage = stage };
        try
        {
            await SetUpAsync(ns, limit.Token).ConfigureAwait(false);
            // A body that was cancelled says what it waited for; one that does not listen is left alone.
            await scenario.Body(run).WaitAsync(scenario.Deadline + s_farewell, cancel).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException && !cancel.IsCancellationRequested)
        {
            return $"not done within {scenario.Deadline.TotalSeconds:0} s (last: {client.LastCommand})";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return e is ExpectationFailed or ApiRefusal ? $"{Words(e)} (last: {client.LastCommand})" : $"{e.GetType().Name}: {e.Message} (last: {client.LastCommand})";
        }
        finally
        {
            await run.CleanUpAsync().ConfigureAwait(false);
            await RemoveAsync(ns).ConfigureAwait(false);
        }
    }

    private static string Words(Exception e) => e is ApiRefusal refusal ? $"refused ({refusal.Reason}): {refusal.Message}" : e.Message;

    // The last command is a client's own memory, so runs at the same time need clients of their own.
    private static IClusterClient Fresh(IClusterClient client) => client is KubectlClient kubectl ? kubectl.Again() : client is CSharpClient csharp ? csharp.Again() : client;

    private async Task<Services.ServiceStage> StageAsync(string lab, CancellationToken cancel)
    {
        var ns = $"stage-{Guid.NewGuid().ToString("N")[..8]}";
        await SetUpAsync(ns, cancel).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_setup * 2);
        return await Services.ServiceStage.OpenAsync(lab, observer, ns, limit.Token).ConfigureAwait(false);
    }

    /// <summary>The namespace, with the service account that pods need.</summary>
    private async Task SetUpAsync(string ns, CancellationToken cancel)
    {
        await observer.CreateAsync(Kinds.Namespaces, null, ScenarioRun.Yaml($"metadata: {{name: {ns}, labels: {{podnet.io/conformance: run}}}}"), cancel).ConfigureAwait(false);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < s_setup;)
        {
            if ((await observer.ListAsync(Kinds.ServiceAccounts, ns, Selection.Everything, cancel).ConfigureAwait(false))["items"]!.AsArray().Count > 0)
                return;
            await Task.Delay(10, cancel).ConfigureAwait(false);
        }

        throw new ExpectationFailed($"namespace {ns} has no service account after {s_setup.TotalSeconds:0} s; is the controller of service accounts running?");
    }

    private async Task RemoveAsync(string ns)
    {
        try
        {
            await observer.DeleteAsync(Kinds.Namespaces, null, ns, new Removal(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ApiRefusal or HttpRequestException)
        {
            // A scenario may have deleted it itself; anything else shows as a namespace that stays.
        }
    }
}
