namespace Network.TestKit;

/// <summary>Waiting without sleeping blindly: a condition is polled until it holds or a deadline passes.</summary>
public static class Eventually
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Polls until the condition holds; on time-out fails with the text of <paramref name="state"/>.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan within, Func<string>? state = null)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > within)
                throw new TimeoutException($"not true within {within.TotalSeconds:0.#} s{(state is null ? "" : ": " + state())}");
            await Task.Delay(s_pause);
        }
    }

    /// <inheritdoc cref="TrueAsync(Func{Task{bool}}, TimeSpan, Func{string}?)"/>
    public static Task TrueAsync(Func<bool> condition, TimeSpan within, Func<string>? state = null) =>
        TrueAsync(() => Task.FromResult(condition()), within, state);
}
