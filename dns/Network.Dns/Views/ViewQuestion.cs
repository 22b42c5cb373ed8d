using Network.Dns.Wire;

namespace Network.Dns.Views;

/// <summary>What a view's expression may look at. Lives on the stack: deciding allocates nothing.</summary>
internal readonly ref struct ViewQuestion
{
    /// <summary>The asker's address: 4 or 16 bytes.</summary>
    internal required ReadOnlySpan<byte> Client { get; init; }

    /// <summary>Folded, on the wire.</summary>
    internal required ReadOnlySpan<byte> Name { get; init; }

    internal required RecordType Type { get; init; }

    /// <summary>Asked over a connection.</summary>
    internal required bool IsStream { get; init; }
}

/// <summary>Whether a question is of a view.</summary>
internal delegate bool ViewCondition(in ViewQuestion question);
