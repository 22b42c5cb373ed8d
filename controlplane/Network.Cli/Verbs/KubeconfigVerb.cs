using System.CommandLine;
using Network.Api.Pki;

namespace Network.Cli.Verbs;

/// <summary><c>podnet kubeconfig</c>: an identity for a person or a component, signed by the cluster's authority.</summary>
internal static class KubeconfigVerb
{
    internal static Command Create()
    {
        var pki = Options.Text("--pki-dir", "the cluster's certificates", "/var/lib/podnet/server/pki");
        var server = Options.Text("--server", "URL of the API server", "https://127.0.0.1:6443");
        var user = Options.Text("--user", "user name: the certificate's CN", "admin");
        var groups = new Option<string[]>("--group") { Description = "groups: the certificate's O; may be repeated", DefaultValueFactory = _ => ["system:masters"] };
        var command = new Command("kubeconfig", """
            print a kubeconfig with a client certificate of its own

            Examples:
              podnet kubeconfig --pki-dir ./server/pki > admin.kubeconfig
              podnet kubeconfig --pki-dir ./server/pki --user system:node:n1 --group system:nodes > n1.kubeconfig
            """) { pki, server, user, groups };
        command.SetAction(parsed =>
        {
            if (!Uri.TryCreate(parsed.GetValue(server), UriKind.Absolute, out var url))
                throw new ArgumentException($"--server \"{parsed.GetValue(server)}\" is no URL; write https://ADDRESS:PORT");
            var directory = parsed.GetValue(pki)!;
            if (!Directory.Exists(directory))
                throw new ArgumentException($"--pki-dir {directory} does not exist; start podnet server or podnet apiserver first, it makes one");
            var authority = ClusterPki.Open(directory, TimeProvider.System);
            var name = parsed.GetValue(user)!;
            var file = $"client-{string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'))}";
            Console.Out.Write(Kubeconfig.Render("podnet", name, url, authority.AuthorityCertificate, authority.Client(file, name, parsed.GetValue(groups)!)));
        });
        return command;
    }
}
