using System.Runtime.InteropServices;
using Network.Dns.Wire;
using static Network.Dns.Transport.Interop.MessageVector;

namespace Network.Dns.Transport;

/// <summary>
/// Room for the messages of one round, in and out, and the askers' addresses, laid out as the kernel takes it. Outside of the
/// collected heap: the kernel keeps pointers into it.
/// </summary>
internal sealed unsafe class UdpBatch : IDisposable
{
    private const int Size = 64;
    private const int InputLength = 4096;
    private const int OutputLength = AnswerWriter.MaxUdpSize;

    /// <summary>sockaddr_in6, the larger one.</summary>
    private const int NameLength = 28;

    private readonly byte* _block;
    private readonly Message* _input;
    private readonly Message* _output;
    private int _answers;

    internal UdpBatch()
    {
        _block = (byte*)NativeMemory.AllocZeroed(Size * (nuint)((2 * (sizeof(Message) + sizeof(Segment))) + NameLength + InputLength + OutputLength));
        _input = (Message*)_block;
        _output = _input + Size;
        var segments = (Segment*)(_output + Size);
        var bytes = (byte*)(segments + (2 * Size));
        var names = bytes + (Size * (InputLength + OutputLength));
        for (var i = 0; i < Size; i++)
        {
            segments[i] = new Segment { Base = bytes + (i * InputLength), Length = InputLength };
            segments[Size + i] = new Segment { Base = bytes + (Size * InputLength) + (i * OutputLength) };
            _input[i] = new Message { Name = names + (i * NameLength), NameLength = NameLength, Segments = segments + i, SegmentCount = 1 };
            _output[i] = new Message { Segments = segments + Size + i, SegmentCount = 1 };
        }
    }

    /// <summary>Where the next answer goes.</summary>
    internal Span<byte> Output => new(_output[_answers].Segments->Base, OutputLength);

    /// <summary>Waits for the first message and takes all that are there.</summary>
    /// <returns>Their number; 0 when the wait was cut short.</returns>
    internal int Receive(int fd)
    {
        _answers = 0;
        for (var i = 0; i < Size; i++)
            _input[i].NameLength = NameLength;
        return Math.Max(0, recvmmsg(fd, _input, Size, MSG_WAITFORONE, null));
    }

    internal ReadOnlySpan<byte> Packet(int i) => new(_input[i].Segments->Base, (int)_input[i].Length);

    /// <summary>The sender, a struct sockaddr.</summary>
    internal ReadOnlySpan<byte> Sender(int i) => new(_input[i].Name, (int)_input[i].NameLength);

    /// <summary>The bytes in <see cref="Output"/> answer a message.</summary>
    internal void Answer(int message, int length)
    {
        ref var answer = ref _output[_answers++];
        answer.Name = _input[message].Name;
        answer.NameLength = _input[message].NameLength;
        answer.Segments->Length = (nuint)length;
    }

    /// <summary>Sends the answers.</summary>
    internal void Send(int fd)
    {
        for (var sent = 0; sent < _answers;)
        {
            var now = sendmmsg(fd, _output + sent, (uint)(_answers - sent), 0);
            // The first of them could not be sent (its asker is unreachable): the others still can.
            sent += now > 0 ? now : 1;
        }
    }

    public void Dispose() => NativeMemory.Free(_block);
}
