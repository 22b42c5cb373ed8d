using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Pki;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Certificate signing requests: what is asked for never changes; approval and certificate have doors of their own.</summary>
internal sealed class SigningRequestStrategy : Strategy
{
    private static readonly HashSet<string> s_usages =
    [
        "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign", "crl sign",
        "encipher only", "decipher only", "any", "server auth", "client auth", "code signing", "email protection", "s/mime", "ipsec end system",
        "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc",
    ];

    public override void PrepareForUpdate(JsonObject value, JsonObject old) => value["spec"] = old["spec"]?.DeepClone();

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var spec = value["spec"];
        if (!SigningRequest.TryParse(Pem(spec), out _))
            faults.Add(FieldFault.Invalid("spec.request", spec.Text("request"), "PEM block type must be CERTIFICATE REQUEST"));
        var signer = spec.Text("signerName");
        var slash = signer.IndexOf('/');
        if (signer.Length > 0 && (slash < 1 || signer.LastIndexOf('/') != slash || !ObjectNames.IsSubdomain(signer[..slash]) || !ObjectNames.IsSubdomain(signer[(slash + 1)..])))
            faults.Add(FieldFault.Invalid("spec.signerName", signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'"));
        if (signer == "kubernetes.io/legacy-unknown")
            faults.Add(FieldFault.Invalid("spec.signerName", signer, "the legacy signerName is not allowed via this API version"));
        if (spec.Number("expirationSeconds") is < 600)
            faults.Add(FieldFault.Invalid("spec.expirationSeconds", spec.Number("expirationSeconds"), "may not specify a duration less than 600 seconds (10 minutes)"));
        if (!spec.Texts("usages").Any())
            faults.Add(FieldFault.Required("spec.usages", "usages must have at least one value"));
        var i = 0;
        foreach (var usage in spec.Texts("usages"))
        {
            if (!s_usages.Contains(usage))
                faults.Add(FieldFault.NotSupported($"spec.usages[{i}]", usage, [.. s_usages]));
            i++;
        }
    }

    /// <summary>The request's text; empty when it is no base64.</summary>
    public static string Pem(JsonNode? spec)
    {
        var text = spec.Text("request");
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? Encoding.UTF8.GetString(bytes, 0, count) : "";
    }
}
