using System.CommandLine;
using Network.Host.Dns;

namespace Network.Cli.Verbs;

/// <summary><c>podnet dns</c>: without a further word the server itself.</summary>
internal static class DnsVerb
{
    internal static Command Create()
    {
        var command = AgentVerbs.Part("dns", "answer cluster names on this node; cleanup looks after what it leaves, host-setup leads the host's own questions there", "podnet dns --node w1 --kubeconfig ./kubeconfig --cluster-dns 10.96.0.10");
        command.Subcommands.Add(Cleanup());
        command.Subcommands.Add(HostSetupVerb.Create());
        return command;
    }

    private static Command Cleanup()
    {
        var server = Options.Address("--cluster-dns", "the address that was answered, to take it from this node too");
        var command = new Command("cleanup", """
            remove the rules that lead this node's queries to other nodes, which outlive the server on purpose; it must not be running

            Example:
              podnet dns cleanup --cluster-dns 10.96.0.10
            """) { server };
        command.SetAction(parsed =>
        {
            DnsCleanup.Run(parsed.GetValue(server));
            return 0;
        });
        return command;
    }
}
