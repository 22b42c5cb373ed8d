using System.Globalization;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>Dates of the certificates that parts show each other.</summary>
internal sealed class CertificateAnalyzer : IAnalyzer
{
    /// <summary>So long before the end it is time to act.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(30);

    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var certificate in view.Certificates)
        {
            var needs = certificate.Node.Length == 0 ? (IReadOnlyList<string>)[] : [certificate.Node];
            if (view.Now > certificate.NotAfter)
                yield return Of(Kinds.CertificateExpired, certificate, $"ended at {Text(certificate.NotAfter)}", needs);
            else if (view.Now < certificate.NotBefore)
                yield return Of(Kinds.CertificateExpired, certificate, $"begins at {Text(certificate.NotBefore)}; is this machine's clock right?", needs);
            else if (certificate.NotAfter - view.Now < s_soon && certificate.NotAfter - certificate.NotBefore > s_soon)
                yield return Of(Kinds.CertificateEnds, certificate, $"ends at {Text(certificate.NotAfter)}", needs);
        }
    }

    private static Finding Of(FindingKind kind, CertificateFacts certificate, string text, IReadOnlyList<string> needs) =>
        new(kind, certificate.Node.Length > 0 ? certificate.Node : "cluster", certificate.File, $"the certificate of {certificate.Owner} {text}",
            $"remove {certificate.File} and start its owner again, which makes a new one")
        { Needs = needs, Look = $"openssl x509 -noout -dates -in {certificate.File}" };

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
