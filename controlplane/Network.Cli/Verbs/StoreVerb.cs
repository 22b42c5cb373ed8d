using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Store;
using Network.Store.Browse;

namespace Network.Cli.Verbs;

/// <summary><c>podnet store</c>: look into a cluster's store, also while its server runs; back it up, put it back.</summary>
internal static class StoreVerb
{
    internal static Command Create()
    {
        var command = new Command("store", """
            look into a store, back it up, restore it

            Examples:
              podnet store ls pods                            keys below /registry/pods/, of the server in --data-dir
              podnet store get pods/default/web
              podnet store history pods/default/web           every change that is still kept
              podnet store watch --etcd http://127.0.0.1:2379
              podnet store size
              podnet store backup monday.db                   while the server runs
              podnet store restore monday.db                  after it was stopped
            """);
        foreach (var verb in (Command[])[List(), Get(), History(), Watch(), Size(), Backup(), Restore()])
            command.Subcommands.Add(verb);
        return command;
    }

    private static Command List()
    {
        var (prefix, source) = (Prefix(), new StoreSource());
        return source.Complete(new Command("ls", "list keys") { prefix }, (parsed, view, _) =>
        {
            StoreText.Show(view.Latest(Key(parsed.GetValue(prefix))), source.AsJson(parsed), whole: false);
            return Task.CompletedTask;
        });
    }

    private static Command Get()
    {
        var (key, source) = (new Argument<string>("key"), new StoreSource());
        return source.Complete(new Command("get", "print the value of a key") { key }, (parsed, view, _) =>
        {
            var wanted = Key(parsed.GetValue(key));
            var record = view.Latest(wanted).FirstOrDefault(record => record.Key == wanted)
                ?? throw new ArgumentException($"{wanted}: no such key; podnet store ls shows which there are");
            if (source.AsJson(parsed))
                Console.WriteLine(StoreText.Json(record, whole: true).ToJsonString());
            else
                Console.WriteLine(StoreText.Pretty(record.Value));
            return Task.CompletedTask;
        });
    }

    private static Command History()
    {
        var (key, source) = (new Argument<string>("key"), new StoreSource());
        return source.Complete(new Command("history", "every change of a key that is still kept") { key }, (parsed, view, _) =>
        {
            var wanted = Key(parsed.GetValue(key));
            StoreText.Show([.. view.History(wanted).Where(record => record.Key == wanted)], source.AsJson(parsed), whole: true);
            return Task.CompletedTask;
        });
    }

    private static Command Watch()
    {
        var (prefix, source) = (Prefix(), new StoreSource());
        return source.Complete(new Command("watch", "print changes as they come") { prefix }, async (parsed, view, cancel) =>
        {
            await foreach (var record in view.FollowAsync(Key(parsed.GetValue(prefix)), cancel).ConfigureAwait(false))
                Console.WriteLine(source.AsJson(parsed) ? StoreText.Json(record, whole: true).ToJsonString() : StoreText.Line(record));
        });
    }

    private static Command Size()
    {
        var source = new StoreSource();
        return source.Complete(new Command("size", "what takes how much room"), (parsed, view, _) =>
        {
            StoreText.ShowSizes(view, source.AsJson(parsed));
            return Task.CompletedTask;
        });
    }

    private static Command Backup()
    {
        var (file, data) = (new Argument<string>("file"), StoreSource.DataDirectory());
        var command = new Command("backup", "write one consistent state to a new file, while the server runs (an etcd is backed up with etcdctl snapshot save)") { file, data };
        command.SetAction(parsed => Console.WriteLine(
            $"{parsed.GetValue(file)}: revision {StoreBackup.Take(StoreSource.FileIn(parsed.GetValue(data)!), parsed.GetValue(file)!)}"));
        return command;
    }

    private static Command Restore()
    {
        var (file, data) = (new Argument<string>("file"), StoreSource.DataDirectory());
        var command = new Command("restore", "put a backup in the store's place; the server must be stopped, what was there is kept as store.db.before-restore") { file, data };
        command.SetAction(parsed => Console.WriteLine(
            $"{StoreSource.FileIn(parsed.GetValue(data)!)}: restored; revisions go on at {StoreBackup.Restore(parsed.GetValue(file)!, StoreSource.FileIn(parsed.GetValue(data)!))}, so every client lists again"));
        return command;
    }

    private static Argument<string> Prefix() => new("prefix") { Description = "only keys below it", DefaultValueFactory = _ => "" };

    // "pods/default" means what kubectl users expect.
    private static string Key(string? text) => text is null or "" ? "/registry/" : text.StartsWith('/') ? text : "/registry/" + text;

    /// <summary>Which store: a server's file or an etcd; and how to print.</summary>
    private sealed class StoreSource
    {
        private readonly Option<string> _data = DataDirectory();
        private readonly EtcdOptionSet _etcd = new();
        private readonly Option<string> _output = new("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };

        internal StoreSource() => _output.AcceptOnlyFromAmong("table", "json");

        internal static Option<string> DataDirectory() => Options.Text("--data-dir", "the server's --data-dir", "/var/lib/podnet/server");

        internal static string FileIn(string directory) => Path.Combine(directory, "store.db");

        internal bool AsJson(ParseResult parsed) => parsed.GetValue(_output) == "json";

        internal Command Complete(Command command, Func<ParseResult, IStoreView, CancellationToken, Task> run)
        {
            foreach (var option in (Option[])[_data, .. _etcd.All, _output])
                command.Options.Add(option);
            command.SetAction(async (parsed, cancel) =>
            {
                await using var view = await OpenAsync(parsed, cancel).ConfigureAwait(false);
                await run(parsed, view, cancel).ConfigureAwait(false);
                return 0;
            });
            return command;
        }

        private async Task<IStoreView> OpenAsync(ParseResult parsed, CancellationToken cancel) => _etcd.Read(parsed) is { } etcd
            ? new EtcdView(await EtcdStore.OpenAsync(etcd, new StoreSettings { Compacts = false }, TimeProvider.System, NullLogger.Instance, cancel).ConfigureAwait(false))
            : new FileView(FileIn(parsed.GetValue(_data)!));
    }
}
