using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Network.Host.Dns;

/// <summary>The certificate shown over TLS and HTTPS, read again when its file has changed; one that cannot be read leaves the former in use.</summary>
internal sealed class ServingCertificate(string certificate, string key)
{
    private readonly Lock _lock = new();
    private X509Certificate2? _read;
    private DateTime _written;

    internal SslServerAuthenticationOptions Options() => new() { ServerCertificateSelectionCallback = (_, _) => Current() };

    private X509Certificate2 Current()
    {
        lock (_lock)
        {
            var written = File.GetLastWriteTimeUtc(certificate);
            if (_read is not null && written == _written)
                return _read;
            try
            {
                _read = X509Certificate2.CreateFromPemFile(certificate, key);
            }
            catch (Exception e) when (_read is not null && e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                // Half written: whole at the next change.
            }

            _written = written;
            return _read!;
        }
    }
}
