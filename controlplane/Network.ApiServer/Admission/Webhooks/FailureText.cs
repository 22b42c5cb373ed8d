using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>Why a call failed, in the words of upstream's HTTP client: people search for them.</summary>
internal static class FailureText
{
    public static string Of(Exception error)
    {
        if (error is OperationCanceledException)
            return "context deadline exceeded";
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case ApiException refusal:
                    return refusal.Message;
                case AuthenticationException tls:
                    return OfTls(tls.Message);
                case SocketException socket:
                    return $"dial tcp: {OfSocket(socket)}";
            }
        }

        return error.GetBaseException().Message;
    }

    /// <summary>An answer that is no success (apimachinery NewGenericServerResponse); a Status speaks for itself.</summary>
    public static string OfStatus(int code, string body)
    {
        if (FreeJson.TryParse(body) is JsonObject status && status.Text("kind") == "Status" && status.Text("message") is { Length: > 0 } message)
            return message;
        return code switch
        {
            400 => "the server rejected our request for an unknown reason",
            401 => "the server has asked for the client to provide credentials",
            403 => "forbidden",
            404 => "the server could not find the requested resource",
            405 => "the server does not allow this method on the requested resource",
            413 => "the request entity is too large",
            429 => "the server has received too many requests and has asked us to try again later",
            500 => $"an error on the server (\"{Shown(body)}\") has prevented the request from succeeding",
            503 => "the server is currently unable to handle the request",
            504 => "the server was unable to return a response in the time allotted, but may still be processing the request",
            _ => string.Create(CultureInfo.InvariantCulture, $"the server responded with the status code {code} but did not return more information"),
        };
    }

    private static string OfTls(string message) =>
        message.Contains("NameMismatch", StringComparison.Ordinal) ? "tls: failed to verify certificate: x509: certificate is not valid for the name of the webhook's server"
        : message.Contains("UntrustedRoot", StringComparison.Ordinal) || message.Contains("PartialChain", StringComparison.Ordinal)
            ? "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        : message.Contains("NotTimeValid", StringComparison.Ordinal) ? "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"
        : $"tls: {message}";

    private static string OfSocket(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connect: connection refused",
        SocketError.HostNotFound or SocketError.NoData => "lookup: no such host",
        SocketError.HostUnreachable => "connect: no route to host",
        SocketError.NetworkUnreachable => "connect: network is unreachable",
        SocketError.ConnectionReset => "read: connection reset by peer",
        _ => error.Message,
    };

    private static string Shown(string body) => body.Length == 0 ? "unknown" : body.Length > 2048 ? body[..2048] + "..." : body.Trim();
}
