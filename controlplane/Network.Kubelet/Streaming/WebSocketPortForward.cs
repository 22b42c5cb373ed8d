using System.Buffers.Binary;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace Network.Kubelet.Streaming;

/// <summary>The old form over WebSocket: channels 2n data and 2n+1 error, each begun by the port as little-endian number.</summary>
internal sealed class WebSocketPortForward(WebSocket socket, IReadOnlyList<int> ports, Func<int, CancellationToken, Task<Socket>> connect, Func<int, Exception, string> refusal)
{
    private readonly SemaphoreSlim _sending = new(1);

    internal async Task RunAsync(CancellationToken cancel)
    {
        var inputs = ports.Select(_ => Channel.CreateBounded<ReadOnlyMemory<byte>>(64)).ToArray();
        var forwards = ports.Select((port, index) => ForwardAsync(index, port, inputs[index].Reader, cancel)).ToArray();
        var buffer = new byte[64 * 1024];
        var message = new MemoryStream();
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), cancel).ConfigureAwait(false) is { MessageType: not WebSocketMessageType.Close } part)
            {
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                    continue;
                var bytes = message.ToArray();
                message.SetLength(0);
                if (bytes.Length > 1 && bytes[0] % 2 == 0 && bytes[0] / 2 < inputs.Length)
                    await inputs[bytes[0] / 2].Writer.WriteAsync(bytes.AsMemory(1), cancel).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client is gone.
        }

        foreach (var input in inputs)
            input.Writer.TryComplete();
        await Task.WhenAll(forwards).ConfigureAwait(false);
    }

    private async Task ForwardAsync(int index, int port, ChannelReader<ReadOnlyMemory<byte>> input, CancellationToken cancel)
    {
        try
        {
            var number = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(number, (ushort)port);
            await SendAsync(2 * index, number, cancel).ConfigureAwait(false);
            await SendAsync(2 * index + 1, number, cancel).ConfigureAwait(false);
            using var target = await connect(port, cancel).ConfigureAwait(false);
            var up = PortForwardRelay.SendAsync(input, target);
            var buffer = new byte[32 * 1024];
            int count;
            while ((count = await target.ReceiveAsync(buffer.AsMemory(), cancel).ConfigureAwait(false)) > 0)
                await SendAsync(2 * index, buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
            await up.WaitAsync(TimeSpan.FromSeconds(1), cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (SocketException e)
        {
            await SendAsync(2 * index + 1, Encoding.UTF8.GetBytes(refusal(port, e)), cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client is gone.
        }
    }

    private async Task SendAsync(int channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await socket.SendAsync((byte[])[(byte)channel, .. data.Span], WebSocketMessageType.Binary, true, cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }
}
