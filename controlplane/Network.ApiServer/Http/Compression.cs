using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Network.ApiServer.Http;

/// <summary>gzip of large answers, under upstream's rule: GET only, from 128 KiB on, at the fastest level.</summary>
internal static class Compression
{
    private const long Threshold = 128 * 1024;

    public static bool Applies(HttpContext http, long size) =>
        size > Threshold && http.Request.Method == "GET" && !http.Response.Headers.ContainsKey("Content-Encoding") && IsAccepted(http.Request);

    public static bool IsAccepted(HttpRequest request)
    {
        foreach (var entry in request.Headers.AcceptEncoding.ToString().Split(','))
        {
            var parts = entry.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0].Trim() == "gzip")
                return parts.Length < 2 || parts[1] is not ("q=0" or "q=0.0" or "q=0.00" or "q=0.000");
        }

        return false;
    }

    /// <summary>The stream to write the answer to; it ends when disposed.</summary>
    public static GZipStream Begin(HttpResponse response)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Append("Vary", "Accept-Encoding");
        return new GZipStream(response.Body, CompressionLevel.Fastest, true);
    }
}
