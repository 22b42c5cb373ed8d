using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Network.Benchmarks.Dns.Interop;
using Network.Dns.Client;
using Network.Dns.Wire;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Dns;

/// <summary>
/// What a second core adds, on a machine that has no third one to ask from: the server is stopped, its sockets are filled,
/// and it goes on alone. From its first answer to its last by the kernel's own times, and by the processor time of its busiest
/// thread, which also tells when the kernel gave both threads the same core for a while.
/// </summary>
internal static class CoresBenchmark
{
    private const int Rounds = 60;
    private const int SIGSTOP = 19;
    private const int SIGCONT = 18;
    private static readonly IPEndPoint s_server = new(IPAddress.Parse(DnsPeer.Address), 53);

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        output.WriteLine("10,000 names, a full socket a core, answered without anybody else on the machine's processors");
        var one = await MeasureAsync("0");
        var two = await MeasureAsync("0,1");
        output.WriteLine($"one core    {one.Wall,9:0} queries/s by the clock   {one.Busy,9:0} by processor time");
        output.WriteLine($"two cores   {two.Wall,9:0} queries/s by the clock   {two.Busy,9:0} by processor time: {two.Wall / one.Wall:0.00} and {two.Busy / one.Busy:0.00} times (goal 1.7)");
    }

    private static async Task<Rates> MeasureAsync(string cores)
    {
        var folder = Directory.CreateTempSubdirectory("podnet-bench-cores-").FullName;
        using var ns = new ScratchNetNs("cores");
        var zone = DnsZone.Of(10_000);
        var peer = DnsPeer.All.First(peer => peer.Name == "podnet");
        var server = Child.Start(new ChildSpec("/usr/bin/taskset", ["-c", cores, peer.Program, .. peer.Prepare(zone, folder)]) { NetNs = ns.Name, LogFile = Path.Combine(folder, "output") });
        try
        {
            await Eventually.TrueAsync(() => ResolverClient.AskAsync(s_server, $"service-9.{DnsZone.Origin}", RecordType.A, ns.Name, TimeSpan.FromMilliseconds(200), CancellationToken.None)
                .GetAwaiter().GetResult().Records.Contains("10.96.0.9"), TimeSpan.FromSeconds(30), () => File.ReadAllText(Path.Combine(folder, "output")));
            var questions = zone.Questions(20_000).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Question(line.Split(' ')[0])).ToArray();
            return ns.Run(() => Rate(ns, server.Pid, questions, cores.Split(',').Length));
        }
        finally
        {
            Processes.Kill(server.Pid, SIGCONT);
            Processes.Kill(server.Pid, Processes.SIGKILL);
            server.Wait();
            Directory.Delete(folder, recursive: true);
        }
    }

    // The median rounds.
    private static Rates Rate(ScratchNetNs ns, int pid, byte[][] questions, int sockets)
    {
        var askers = Askers(ns, pid, sockets);
        try
        {
            var rates = Enumerable.Range(0, Rounds).Select(round => Round(ns, pid, askers, questions, round)).ToList();
            return new Rates(rates.Select(rate => rate.Wall).Order().ElementAt(Rounds / 2), rates.Select(rate => rate.Busy).Order().ElementAt(Rounds / 2));
        }
        finally
        {
            askers.ForEach(asker => asker.Dispose());
        }
    }

    private static Rates Round(ScratchNetNs ns, int pid, List<Socket> askers, byte[][] questions, int round)
    {
        Processes.Kill(pid, SIGSTOP);
        var number = round * 7919;
        foreach (var asker in askers)
        {
            // Until nothing more fits.
            var dropped = Dropped(ns);
            while (Dropped(ns) == dropped)
            {
                for (var i = 0; i < 200; i++)
                    asker.Send(questions[number++ % questions.Length]);
            }
        }

        var before = Busy(pid);
        Processes.Kill(pid, SIGCONT);
        // Asleep until all is done, in this thread and its namespace: nobody writes to this socket.
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        do
            nobody.Poll(50_000, SelectMode.SelectRead);
        while (Waiting(ns).Any(bytes => bytes > 0));
        var busiest = Busy(pid).Max(thread => thread.Value - before.GetValueOrDefault(thread.Key));
        var times = askers.SelectMany(AnswerTimes).ToList();
        return new Rates(times.Count / ((times.Max() - times.Min()) / 1e9), times.Count / (busiest / 1e9));
    }

    // One socket of ours for each of the server's: the kernel chooses by addresses and ports, so ports are tried.
    private static List<Socket> Askers(ScratchNetNs ns, int pid, int sockets)
    {
        var found = new Dictionary<int, Socket>();
        while (found.Count < sockets)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            // SOL_SOCKET, SO_RCVBUFFORCE and SO_TIMESTAMPNS
            socket.SetRawSocketOption(1, 33, BitConverter.GetBytes(64 << 20));
            socket.SetRawSocketOption(1, 35, BitConverter.GetBytes(1));
            socket.Connect(s_server);
            Processes.Kill(pid, SIGSTOP);
            socket.Send(Question($"service-1.{DnsZone.Origin}"));
            var place = Waiting(ns).FindIndex(bytes => bytes > 0);
            Processes.Kill(pid, SIGCONT);
            socket.Poll(5_000_000, SelectMode.SelectRead);
            AnswerTimes(socket);
            // A thread that was not stopped yet took it: that tells nothing.
            if (place < 0 || !found.TryAdd(place, socket))
                socket.Dispose();
        }

        return [.. found.Values];
    }

    private static unsafe List<double> AnswerTimes(Socket socket)
    {
        var times = new List<double>();
        var buffer = stackalloc byte[2048];
        var control = stackalloc byte[64];
        while (true)
        {
            var segment = new ReceivedMessage.Segment { Base = buffer, Length = 2048 };
            var message = new ReceivedMessage.Header { Segments = &segment, SegmentCount = 1, Control = control, ControlLength = 64 };
            if (ReceivedMessage.recvmsg((int)socket.Handle, &message, ReceivedMessage.MSG_DONTWAIT) < 0)
                return times;
            // Behind a cmsghdr of 16 bytes: a timespec (cmsg(3), socket(7)).
            times.Add((*(long*)(control + 16) * 1e9) + *(long*)(control + 24));
        }
    }

    // Nanoseconds of each thread.
    private static Dictionary<string, double> Busy(int pid) => Directory.GetDirectories($"/proc/{pid}/task")
        .ToDictionary(task => task, task => double.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture));

    // proc(5), /proc/net/udp: receive queue in bytes of each of the server's sockets.
    private static List<long> Waiting(ScratchNetNs ns) => [.. Lines(ns).Select(line => long.Parse(line[4].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))];

    private static long Dropped(ScratchNetNs ns) => Lines(ns).Sum(line => long.Parse(line[^1], CultureInfo.InvariantCulture));

    private static IEnumerable<string[]> Lines(ScratchNetNs ns) => File.ReadLines("/proc/thread-self/net/udp").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(line => line[1] == "0A00357F:0035").OrderBy(line => line[9]);

    private static byte[] Question(string name) => [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsName.Encode(name), 0, 1, 0, 1];

    /// <summary>Questions a second, by the clock and by the processor time of the busiest thread.</summary>
    private readonly record struct Rates(double Wall, double Busy);
}
