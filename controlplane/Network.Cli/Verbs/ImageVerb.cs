using System.CommandLine;
using Network.Kubelet.Images;
using Network.Labs.Cluster;

namespace Network.Cli.Verbs;

/// <summary><c>podnet image</c>: the local image store that all kubelets of this machine share.</summary>
internal static class ImageVerb
{
    internal static Command Create() => new("image", """
        list, import and build container images

        Examples:
          podnet image ls
          podnet image import nginx.tar              docker save or OCI layout archive
          podnet image build busybox                 from this machine's /bin/busybox
          podnet image build sample --program ./podnet-sample
        """) { List(), Import(), Build() };

    private static Option<string> Store() => Options.Text("--image-store", "directory of the store", ClusterPaths.Images);

    private static Command List()
    {
        var store = Store();
        var command = new Command("ls", "list images") { store };
        command.SetAction(parsed =>
        {
            var images = new ImageStore(parsed.GetValue(store)!);
            Console.WriteLine($"{"IMAGE",-40} {"ID",-14} SIZE");
            foreach (var (name, id) in images.List().OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                var size = images.Find(name) is { } image ? images.SizeOf(image) : 0;
                Console.WriteLine($"{name,-40} {id.Replace("sha256:", "")[..12],-14} {size / 1024.0 / 1024.0:0.0} MB");
            }
        });
        return command;
    }

    private static Command Import()
    {
        var store = Store();
        var file = new Argument<string>("archive") { Description = "a docker save or OCI layout archive" };
        var command = new Command("import", "import an archive") { file, store };
        command.SetAction(parsed =>
        {
            using var archive = File.OpenRead(parsed.GetValue(file)!);
            foreach (var name in new ImageStore(parsed.GetValue(store)!).Import(archive))
                Console.WriteLine(name);
        });
        return command;
    }

    private static Command Build()
    {
        var store = Store();
        var name = new Argument<string>("image") { Description = "busybox, or a name for the image of --program" };
        var program = Options.Text("--program", "program to pack with its shared libraries");
        var arguments = new Option<string[]>("--args") { Description = "arguments the program gets by default", AllowMultipleArgumentsPerToken = true };
        var command = new Command("build", "build an image from programs of this machine") { name, program, arguments, store };
        command.SetAction(async (parsed, cancel) =>
        {
            var images = new ImageStore(parsed.GetValue(store)!);
            var wanted = parsed.GetValue(name)!;
            if (parsed.GetValue(program) is { } path)
                await StandardImages.ProgramAsync(images, wanted, path, parsed.GetValue(arguments) ?? [], cancel).ConfigureAwait(false);
            else if (wanted == "busybox")
                await StandardImages.BusyboxAsync(images, "/bin/busybox", cancel).ConfigureAwait(false);
            else
                throw new ArgumentException($"image {wanted}: give --program FILE; only busybox needs none");
            Console.WriteLine($"built {wanted}");
            return 0;
        });
        return command;
    }
}
