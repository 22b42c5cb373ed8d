using System.Runtime.InteropServices;

namespace Network.Dns.Plugins.Dnssec.Interop;

/// <summary>Ed25519 (RFC 8032) by OpenSSL's libcrypto (evp.h); the base library has no such key.</summary>
internal static unsafe partial class Ed25519
{
    private const string Library = "libcrypto.so.3";
    private const int EVP_PKEY_ED25519 = 1087;
    internal const int SignatureLength = 64, KeyLength = 32;

    // EVP_PKEY *EVP_PKEY_new_raw_private_key(int type, ENGINE *e, const unsigned char *key, size_t keylen);
    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    // void EVP_PKEY_free(EVP_PKEY *key);
    [LibraryImport(Library)]
    private static partial void EVP_PKEY_free(nint key);

    // EVP_MD_CTX *EVP_MD_CTX_new(void);
    [LibraryImport(Library)]
    private static partial nint EVP_MD_CTX_new();

    // void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
    [LibraryImport(Library)]
    private static partial void EVP_MD_CTX_free(nint context);

    // int EVP_DigestSignInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, ENGINE *e, EVP_PKEY *pkey);
    [LibraryImport(Library)]
    private static partial int EVP_DigestSignInit(nint context, nint* keyContext, nint digest, nint engine, nint key);

    // int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sigret, size_t *siglen, const unsigned char *tbs, size_t tbslen);
    [LibraryImport(Library)]
    private static partial int EVP_DigestSign(nint context, byte* signature, nuint* signatureLength, byte* data, nuint length);

    /// <exception cref="DllNotFoundException">There is no OpenSSL 3.</exception>
    internal static byte[] Sign(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        var signature = new byte[SignatureLength];
        var length = (nuint)SignatureLength;
        fixed (byte* keyBytes = key, bytes = data, result = signature)
        {
            var pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, 0, keyBytes, (nuint)key.Length);
            var context = EVP_MD_CTX_new();
            try
            {
                return pkey != 0 && EVP_DigestSignInit(context, null, 0, 0, pkey) == 1 && EVP_DigestSign(context, result, &length, bytes, (nuint)data.Length) == 1
                    ? signature
                    : throw new System.Security.Cryptography.CryptographicException("OpenSSL refuses the Ed25519 key");
            }
            finally
            {
                EVP_MD_CTX_free(context);
                EVP_PKEY_free(pkey);
            }
        }
    }
}
