using Network.Conformance.Clients;

namespace Network.Conformance;

/// <summary>What scenarios assert.</summary>
internal static class Expect
{
    private const int MostShown = 600;

    internal static void Equal<T>(T expected, T got, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, got))
            throw new ExpectationFailed($"{what}: expected {Show(expected)}, got {Show(got)}");
    }

    internal static void Sequence<T>(IEnumerable<T> expected, IEnumerable<T> got, string what) =>
        Equal(string.Join(", ", expected), string.Join(", ", got), what);

    internal static void True(bool condition, string what)
    {
        if (!condition)
            throw new ExpectationFailed($"expected: {what}");
    }

    internal static void Contains(string expected, string? got, string what)
    {
        if (got is null || !got.Contains(expected, StringComparison.Ordinal))
            throw new ExpectationFailed($"{what}: expected it to contain {Show(expected)}, got {Show(got)}");
    }

    internal static void Lacks(string unexpected, string? got, string what)
    {
        if (got is not null && got.Contains(unexpected, StringComparison.Ordinal))
            throw new ExpectationFailed($"{what}: expected nothing of {Show(unexpected)}, got {Show(got)}");
    }

    /// <summary>The value, which must be there.</summary>
    internal static T Present<T>(T? value, string what) => value ?? throw new ExpectationFailed($"{what}: expected a value, got none");

    /// <summary>The server must refuse, for this reason; gives the refusal for a look at its text.</summary>
    internal static async Task<ApiRefusal> RefusedAsync(string reason, Func<Task> action, string what)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (ApiRefusal refusal)
        {
            Equal(reason, refusal.Reason, $"{what}: reason of the refusal ({refusal.Message})");
            return refusal;
        }

        throw new ExpectationFailed($"{what}: expected a refusal ({reason}), but the server agreed");
    }

    private static string Show<T>(T value) => value is null ? "nothing" : $"{value}" is { Length: > MostShown } text ? $"\"{text[..MostShown]}...\"" : $"\"{value}\"";
}
