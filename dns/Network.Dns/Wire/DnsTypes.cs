namespace Network.Dns.Wire;

/// <summary>Record types (RFC 1035 3.2.2, RFC 3596, RFC 2782, RFC 6891).</summary>
public enum RecordType : ushort
{
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    HINFO = 13,
    MX = 15,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    OPT = 41,
    ANY = 255,
}

/// <summary>Response codes (RFC 1035 4.1.1, RFC 6891).</summary>
public enum ResponseCode : byte
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    BadVers = 16,
}

/// <summary>Extended DNS errors (RFC 8914 4).</summary>
public enum ExtendedError : ushort
{
    StaleAnswer = 3,
    Blocked = 15,
    Prohibited = 18,
    StaleNxDomain = 19,
    NoReachableAuthority = 22,
    NetworkError = 23,
    NotReady = 14,
}
