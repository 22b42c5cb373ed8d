using System.Globalization;
using k8s.Models;

namespace Network.Host.Parts;

/// <summary>When what led to an EndpointSlice happened, as its controller wrote it down.</summary>
internal static class TriggerTime
{
    private const string Annotation = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <returns>Null without the annotation, or when it is no time.</returns>
    internal static DateTimeOffset? Of(V1EndpointSlice slice) =>
        slice.Metadata.Annotations?.TryGetValue(Annotation, out var text) == true
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
