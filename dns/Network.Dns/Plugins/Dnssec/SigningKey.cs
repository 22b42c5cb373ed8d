using System.Buffers.Binary;
using System.Security.Cryptography;
using Network.Dns.Plugins.Dnssec.Interop;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Dnssec;

/// <summary>A zone's key out of the two files of dnssec-keygen: NAME.key and NAME.private.</summary>
internal sealed class SigningKey
{
    private const byte EcdsaP256 = 13, EdwardsCurve = 15;
    private readonly byte[] _secret;
    private readonly byte[] _public;

    private SigningKey(byte[] data, byte[] secret) => (Data, _public, _secret) = (data, data[4..], secret);

    /// <summary>Of the DNSKEY record: flags, protocol, algorithm, public key.</summary>
    internal byte[] Data { get; }

    internal byte Algorithm => Data[3];

    /// <summary>The key the parent zone knows (RFC 4034 2.1.1); it signs the keys.</summary>
    internal bool IsEntryPoint => (Data[1] & 1) != 0;

    /// <summary>RFC 4034 appendix B.</summary>
    internal ushort Tag
    {
        get
        {
            var sum = 0u;
            for (var i = 0; i < Data.Length; i++)
                sum += i % 2 == 0 ? (uint)Data[i] << 8 : Data[i];
            return (ushort)(sum + (sum >> 16));
        }
    }

    internal byte[] Sign(ReadOnlySpan<byte> data)
    {
        if (Algorithm == EdwardsCurve)
            return Ed25519.Sign(_secret, data);
        using var key = ECDsa.Create(Parameters());
        return key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>SHA-256 over owner and key (RFC 4509): what the parent's DS record holds.</summary>
    internal byte[] DelegationData(byte[] owner) => [.. RecordData.Short(Tag), Algorithm, 2, .. SHA256.HashData([.. owner, .. Data])];

    /// <param name="path">With or without one of the two endings.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="ZoneFileException">A file holds no key of this zone, or one of an algorithm not served.</exception>
    internal static SigningKey Read(string path, byte[] zone)
    {
        var stem = path.EndsWith(".key", StringComparison.Ordinal) ? path[..^4] : path.EndsWith(".private", StringComparison.Ordinal) ? path[..^8] : path;
        var key = Public(stem + ".key", zone);
        var secret = Private(stem + ".private", key[3]);
        var read = new SigningKey(key, secret);
        try
        {
            read.Sign([0]);
        }
        catch (Exception e) when (e is CryptographicException or DllNotFoundException)
        {
            throw new ZoneFileException(stem + ".private", 1, $"the key cannot sign: {e.Message}");
        }

        return read;
    }

    private static byte[] Public(string path, byte[] zone)
    {
        foreach (var line in ZoneLine.Split(path, File.ReadAllText(path)))
        {
            var words = new ZoneWords(line, [0]);
            var owner = words.Name("the owner");
            while (words.Next("the type").Text is var word && word != "DNSKEY")
            {
                if (word != "IN" && !ZoneWords.TryDuration(word, out _))
                    throw line.Refuse($"\"{word}\" stands where DNSKEY should");
            }

            var data = RecordData.Read(words, RecordType.DNSKEY);
            if (!owner.AsSpan().SequenceEqual(zone))
                throw line.Refuse($"the key is zone {WireName.ToText(owner)}'s, not {WireName.ToText(zone)}'s");
            if ((BinaryPrimitives.ReadUInt16BigEndian(data) & 0x0100) == 0 || data[2] != 3)
                throw line.Refuse("the key is no zone key");
            return (data[3], data.Length - 4) is (EcdsaP256, 64) or (EdwardsCurve, Ed25519.KeyLength) ? data
                : throw line.Refuse($"algorithm {data[3]} is not served; ECDSAP256SHA256 (13) and ED25519 (15) are");
        }

        throw new ZoneFileException(path, 1, "there is no DNSKEY record");
    }

    private static byte[] Private(string path, byte algorithm)
    {
        var lines = File.ReadAllLines(path);
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("PrivateKey:", StringComparison.Ordinal))
                continue;
            try
            {
                var secret = Convert.FromBase64String(lines[i]["PrivateKey:".Length..].Trim());
                return secret.Length == 32 ? secret : throw new ZoneFileException(path, i + 1, $"the key of algorithm {algorithm} has {secret.Length} bytes, not 32");
            }
            catch (FormatException)
            {
                throw new ZoneFileException(path, i + 1, "the key is no base64");
            }
        }

        throw new ZoneFileException(path, 1, "there is no line \"PrivateKey: ...\"");
    }

    private ECParameters Parameters() => new() { Curve = ECCurve.NamedCurves.nistP256, D = _secret, Q = new ECPoint { X = _public[..32], Y = _public[32..] } };
}
