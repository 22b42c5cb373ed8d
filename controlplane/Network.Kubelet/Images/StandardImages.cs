using Network.Linux;

namespace Network.Kubelet.Images;

/// <summary>Images made from programs of this machine, so that a cluster has something to run without any registry.</summary>
public static class StandardImages
{
    /// <summary>The statically linked busybox with a link for every applet.</summary>
    public static async Task BusyboxAsync(ImageStore store, string program, CancellationToken cancel)
    {
        var applets = await Command.RunAsync(new ChildSpec(program, ["--list-full"]), cancel: cancel).ConfigureAwait(false);
        var builder = new ImageBuilder("busybox") { Command = ["sh"] }.AddFile(program, "/bin/busybox");
        foreach (var applet in applets.OrThrow($"{program} --list-full").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Path.GetFileName(applet) != "busybox")
                builder.AddLink("/" + applet, "/bin/busybox");
        }

        Basics(builder).BuildInto(store);
    }

    /// <summary>An image of one program with its shared libraries; the program is the entry point.</summary>
    public static async Task ProgramAsync(ImageStore store, string name, string program, IReadOnlyList<string> command, CancellationToken cancel)
    {
        var path = "/bin/" + Path.GetFileName(program);
        var builder = new ImageBuilder(name) { Entrypoint = [path], Command = command };
        await builder.AddProgramAsync(program, path, cancel).ConfigureAwait(false);
        Basics(builder).BuildInto(store);
    }

    // glibc resolves through DNS first without nsswitch.conf, which would make /etc/hosts useless.
    private static ImageBuilder Basics(ImageBuilder builder) => builder
        .AddText("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
        .AddText("/etc/group", "root:x:0:\nnobody:x:65534:\n")
        .AddText("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        .AddDirectory("/root", (UnixFileMode)0x1C0)
        .AddDirectory("/tmp", (UnixFileMode)0x3FF);
}
