using System.Net;
using System.Net.Sockets;
using Network.Dns.Clients;

namespace Network.Dns.Transport;

/// <summary>The open sockets. A new plan keeps those it has in common with the former one: no packet is lost over a changed plugin.</summary>
internal sealed class DnsListeners(DnsSettings settings, ClientLedger clients, TimeProvider time) : IDisposable
{
    private readonly Dictionary<(IPEndPoint Address, DnsTransport Transport), Listener> _open = [];

    /// <summary>Ends when all have ended, and fails with the first that failed.</summary>
    internal Task Ended => Task.WhenAll(_open.Values.Select(listener => listener.Running));

    /// <summary>All of the plan, or nothing: new addresses are opened before anything else changes.</summary>
    /// <exception cref="IOException">An address is not this machine's, or taken.</exception>
    internal void Apply(IReadOnlyList<DnsAddress> plan, CancellationToken cancel)
    {
        var opened = new List<(DnsAddress Address, Listener Listener)>();
        try
        {
            foreach (var address in plan.Where(address => !_open.ContainsKey((address.Address, address.Transport))))
                opened.Add((address, Open(address, cancel)));
        }
        catch
        {
            opened.ForEach(pair => pair.Listener.Dispose());
            throw;
        }

        foreach (var address in plan)
        {
            if (_open.TryGetValue((address.Address, address.Transport), out var listener))
                listener.Handler.Replace(address.Blocks);
        }

        foreach (var (address, listener) in opened)
            _open[(address.Address, address.Transport)] = listener;

        foreach (var gone in _open.Keys.Except(plan.Select(address => (address.Address, address.Transport))).ToList())
        {
            _open.Remove(gone, out var listener);
            listener!.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var listener in _open.Values)
            listener.Dispose();
    }

    private Listener Open(DnsAddress address, CancellationToken cancel)
    {
        try
        {
            return new Listener(address, settings, clients, time, cancel);
        }
        catch (SocketException e)
        {
            throw new IOException($"{address.Address} ({address.Transport.ToString().ToLowerInvariant()}): {e.Message}", e);
        }
    }

    private sealed class Listener : IDisposable
    {
        private readonly CancellationTokenSource _stop;
        private readonly List<UdpServer> _udp = [];
        private readonly StreamServer? _stream;
        private readonly HttpsServer? _https;

        internal Listener(DnsAddress address, DnsSettings settings, ClientLedger clients, TimeProvider time, CancellationToken cancel)
        {
            Handler = new DnsHandler(address.Blocks, clients, time);
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Running = Task.CompletedTask;
            var limits = new StreamLimits(settings.StreamIdle, settings.MostConnections);
            try
            {
                if (address.Transport == DnsTransport.Https)
                    _https = new HttpsServer(address.Address, Handler, limits, settings.Tls ?? throw new InvalidOperationException($"https://{address.Address} needs a certificate"));
                else
                    _stream = new StreamServer(address.Address, Handler, limits, address.Transport == DnsTransport.Tls ? settings.Tls : null);
                for (var i = 0; i < settings.UdpSockets && address.Transport == DnsTransport.Plain; i++)
                    _udp.Add(new UdpServer(address.Address, Handler));
            }
            catch
            {
                Dispose();
                throw;
            }

            Running = Task.WhenAll([_stream?.RunAsync(_stop.Token) ?? _https!.RunAsync(_stop.Token), .. _udp.Select(server => server.RunAsync(_stop.Token))]);
        }

        internal DnsHandler Handler { get; }

        internal Task Running { get; }

        public void Dispose()
        {
            _stop.Cancel();
            _stream?.Dispose();
            _https?.Dispose();
            // Threads leave their sockets first.
            Running.ContinueWith(_ =>
            {
                _udp.ForEach(server => server.Dispose());
                _stop.Dispose();
            }, TaskScheduler.Default);
        }
    }
}
