namespace Network.ApiServer.Subresources;

/// <summary>Carries bytes between a client and what it was connected to, until the far side is done.</summary>
internal static class StreamSplice
{
    public const int BufferBytes = 32 * 1024;

    public static async Task RunAsync(Stream client, Stream far, ReadOnlyMemory<byte> early, CancellationToken cancel)
    {
        await client.WriteAsync(early, cancel);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var there = CopyAsync(client, far, end.Token);
        var back = CopyAsync(far, client, end.Token);
        // When the far side is done, so is the session; a client that stops sending may still be reading.
        await Task.WhenAny(back, there);
        if (!back.IsCompleted)
            await Task.WhenAny(back, Task.Delay(TimeSpan.FromSeconds(5), end.Token));
        await end.CancelAsync();
        await Task.WhenAll(there, back);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReadAsync(buffer, cancel) is > 0 and var count)
            {
                await to.WriteAsync(buffer.AsMemory(0, count), cancel);
                await to.FlushAsync(cancel);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side may hang up at any time; the other direction ends with it.
        }
    }
}
