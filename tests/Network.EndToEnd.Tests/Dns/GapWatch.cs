using System.Diagnostics;
using System.Net;
using DnsClient;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>Asks again and again from a pod of w1 and from w1 itself, each time anew, and keeps the longest time without an answer.</summary>
internal sealed class GapWatch : IAsyncDisposable
{
    private const string Name = "7web.default.svc.cluster.local";
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100), s_longest = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Asker[] _askers;

    internal GapWatch(DnsCluster cluster) => _askers = [new("pod", cluster.NetNsOf("asker"), _stop.Token), new("node", $"{cluster.Lab.Name}-w1", _stop.Token)];

    internal Task SettledAsync() => Eventually.TrueAsync(() => _askers.All(asker => asker.Answers > 20), TimeSpan.FromSeconds(10), () => "no answers before anything was broken");

    internal void Verify(string what)
    {
        foreach (var asker in _askers)
        {
            TestContext.Current.SendDiagnosticMessage($"DNS server {what}: {asker.Who} without an answer for {asker.Longest.TotalMilliseconds:0} ms at most, {asker.Answers} answers");
            Assert.True(asker.Longest < s_longest, $"{asker.Who} had no answer for {asker.Longest.TotalMilliseconds:0} ms after the server was {what}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_askers.Select(asker => asker.Running));
        _stop.Dispose();
    }

    private sealed class Asker
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private long _last, _longest;
        private int _answers;

        internal Asker(string who, string netNs, CancellationToken cancel)
        {
            Who = who;
            Running = Task.Factory.StartNew(() => NetNs.Run(netNs, () => Ask(cancel)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        internal string Who { get; }

        internal Task Running { get; }

        internal int Answers => Volatile.Read(ref _answers);

        // Also the time that is still going on.
        internal TimeSpan Longest => TimeSpan.FromTicks(Math.Max(Volatile.Read(ref _longest), Stopwatch.GetElapsedTime(_started).Ticks - Volatile.Read(ref _last)));

        private void Ask(CancellationToken cancel)
        {
            var client = new LookupClient(new LookupClientOptions(IPAddress.Parse(DnsCluster.Server)) { UseCache = false, Retries = 0, Timeout = s_patience, UseTcpFallback = false });
            while (!cancel.IsCancellationRequested)
            {
                try
                {
                    if (client.Query(Name, QueryType.A).Answers.Count == 0)
                        continue;
                }
                catch (DnsResponseException)
                {
                    continue;
                }

                var now = Stopwatch.GetElapsedTime(_started).Ticks;
                if (_answers > 0)
                    Volatile.Write(ref _longest, Math.Max(_longest, now - _last));
                Volatile.Write(ref _last, now);
                Interlocked.Increment(ref _answers);
                cancel.WaitHandle.WaitOne(10);
            }
        }
    }
}
