using System.Net.Sockets;

namespace Network.Dns.Transport;

/// <summary>The open connections of one listener, the one that was silent longest first.</summary>
internal sealed class StreamConnections(int most)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _bySilence = [];

    /// <summary>Adds a connection; one too many closes the one that was silent longest.</summary>
    internal Entry Open(Socket socket)
    {
        Entry? evicted = null;
        var entry = new Entry(this, socket);
        lock (_lock)
        {
            _bySilence.AddLast(entry.Node);
            if (_bySilence.Count > most)
                evicted = _bySilence.First!.Value;
        }

        evicted?.Dispose();
        return entry;
    }

    /// <summary>It said something.</summary>
    internal void Touch(Entry entry)
    {
        lock (_lock)
        {
            if (entry.IsClosed)
                return;
            _bySilence.Remove(entry.Node);
            _bySilence.AddLast(entry.Node);
        }
    }

    internal sealed class Entry : IDisposable
    {
        private readonly StreamConnections _connections;
        private readonly Socket _socket;

        internal Entry(StreamConnections connections, Socket socket)
        {
            (_connections, _socket) = (connections, socket);
            Node = new LinkedListNode<Entry>(this);
        }

        internal LinkedListNode<Entry> Node { get; }

        internal bool IsClosed { get; private set; }

        public void Dispose()
        {
            lock (_connections._lock)
            {
                if (IsClosed)
                    return;
                IsClosed = true;
                _connections._bySilence.Remove(Node);
            }

            _socket.Dispose();
        }
    }
}
