using Network.Linux;

namespace Network.Kubelet.Runtime.Logs;

/// <summary>Cuts one output stream of a container into log lines and hands the raw bytes to whoever is attached.</summary>
internal sealed class LogStream(string name, LogFile file, Action<string, ReadOnlySpan<byte>> attached, Action ended) : IDescriptorSink
{
    private const int LongestLine = 16 * 1024;
    private readonly byte[] _line = new byte[LongestLine];
    private int _length;

    public void Data(ReadOnlySpan<byte> bytes)
    {
        attached(name, bytes);
        while (!bytes.IsEmpty)
        {
            var newline = bytes.IndexOf((byte)'\n');
            var rest = newline < 0 ? bytes : bytes[..newline];
            while (_length + rest.Length > LongestLine)
            {
                var room = LongestLine - _length;
                rest[..room].CopyTo(_line.AsSpan(_length));
                file.Write(name, _line, complete: false);
                _length = 0;
                rest = rest[room..];
            }

            rest.CopyTo(_line.AsSpan(_length));
            _length += rest.Length;
            if (newline < 0)
                break;
            file.Write(name, _line.AsSpan(0, _length), complete: true);
            _length = 0;
            bytes = bytes[(newline + 1)..];
        }

        file.Flush();
    }

    public void End()
    {
        // Text without a last newline stays a partial line, so that reading it back adds none.
        if (_length > 0)
            file.Write(name, _line.AsSpan(0, _length), complete: false);
        _length = 0;
        file.Flush();
        ended();
    }
}
