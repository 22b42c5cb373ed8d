using System.CommandLine;
using Network.Host.Roles;

namespace Network.Cli.Verbs;

/// <summary>One node's parts, whole or part by part.</summary>
internal static class AgentVerbs
{
    internal static Command Agent()
    {
        var without = new Option<string[]>("--without") { Description = $"leave parts out: {string.Join(", ", AgentRole.PartNames)}", AllowMultipleArgumentsPerToken = true };
        without.AcceptOnlyFromAmong([.. AgentRole.PartNames]);
        var set = new AgentOptionSet("agent");
        var command = new Command("agent", """
            run one node: kubelet, overlay, service proxy and DNS

            Example:
              podnet agent --node w1 --node-ip 10.0.0.2 --kubeconfig ./w1.kubeconfig
            """) { without };
        set.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            var left = parsed.GetValue(without) ?? [];
            await AgentRole.RunAsync(set.Read(parsed), AgentRole.PartNames.Where(part => !left.Contains(part)).ToList(), cancel).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    internal static Command Part(string name, string description, string example)
    {
        var set = new AgentOptionSet(name);
        var command = new Command(name, $"{description}\n\nExample:\n  {example}");
        set.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            await AgentRole.RunAsync(set.Read(parsed), [name], cancel).ConfigureAwait(false);
            return 0;
        });
        return command;
    }
}
