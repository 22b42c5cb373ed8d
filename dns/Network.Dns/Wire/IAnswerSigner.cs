namespace Network.Dns.Wire;

/// <summary>Adds a proof to a finished message (RFC 8945).</summary>
internal interface IAnswerSigner
{
    /// <summary>Most bytes the proof takes: so much room has to stay behind the message.</summary>
    int Length { get; }

    /// <param name="buffer">The message, with room behind it.</param>
    /// <param name="length">Bytes of the message.</param>
    /// <returns>Bytes of the message with its proof.</returns>
    int Sign(Span<byte> buffer, int length);
}
