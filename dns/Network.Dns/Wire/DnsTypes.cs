namespace Network.Dns.Wire;

/// <summary>Record types (RFC 1035 3.2.2 and IANA's registry).</summary>
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
    RP = 17,
    AAAA = 28,
    LOC = 29,
    SRV = 33,
    NAPTR = 35,
    DNAME = 39,
    OPT = 41,
    DS = 43,
    SSHFP = 44,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    NSEC3 = 50,
    NSEC3PARAM = 51,
    TLSA = 52,
    CDS = 59,
    CDNSKEY = 60,
    SVCB = 64,
    HTTPS = 65,
    NXNAME = 128,
    TSIG = 250,
    IXFR = 251,
    AXFR = 252,
    ANY = 255,
    URI = 256,
    CAA = 257,
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
    YxDomain = 6,
    NotAuth = 9,
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
