using System.Net.Sockets;

namespace Network.Overlay;

/// <summary>One value for IPv4 and one for IPv6, each of which may be absent. The family is an index, never a copy of the code.</summary>
public readonly record struct PerFamily<T>(T? V4, T? V6) where T : struct
{
    /// <summary>IPv4 first: the order in which families are programmed and shown.</summary>
    public static IReadOnlyList<AddressFamily> Families { get; } = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    public T? this[AddressFamily family] => family == AddressFamily.InterNetwork ? V4 : V6;

    public bool IsEmpty => V4 is null && V6 is null;

    /// <summary>The values there are.</summary>
    public IEnumerable<T> Present
    {
        get
        {
            if (V4 is { } v4)
                yield return v4;
            if (V6 is { } v6)
                yield return v6;
        }
    }

    public PerFamily<T> With(AddressFamily family, T? value) =>
        family == AddressFamily.InterNetwork ? this with { V4 = value } : this with { V6 = value };

    /// <summary>The first value of each family.</summary>
    public static PerFamily<T> Of(IEnumerable<T> values, Func<T, AddressFamily> familyOf)
    {
        var result = default(PerFamily<T>);
        foreach (var value in values)
        {
            if (result[familyOf(value)] is null)
                result = result.With(familyOf(value), value);
        }

        return result;
    }
}
