namespace Network.Dns.Wire;

/// <summary>EDNS option codes (IANA registry of RFC 6891).</summary>
public static class EdnsOptions
{
    /// <summary>RFC 7873.</summary>
    public const ushort Cookie = 10;

    /// <summary>
    /// Of the range for local use: an asker who sends it empty is told in words which plugin answered, from where, and which
    /// object stands behind the record.
    /// </summary>
    public const ushort Source = 65_001;

    /// <summary>Extended DNS errors (RFC 8914).</summary>
    public const ushort ExtendedError = 15;
}
