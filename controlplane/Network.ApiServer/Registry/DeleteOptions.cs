using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Registry;

/// <summary>How to delete (metav1.DeleteOptions), from body or query.</summary>
internal sealed record DeleteOptions
{
    public long? GraceSeconds { get; init; }

    /// <summary>Background, Foreground, Orphan or empty for the kind's default.</summary>
    public string Propagation { get; init; } = "";

    public string Uid { get; init; } = "";

    public string ResourceVersion { get; init; } = "";

    public bool DryRun { get; init; }

    /// <summary>Writes the options into a metav1.DeleteOptions.</summary>
    public void AddTo(JsonObject options)
    {
        if (GraceSeconds is { } grace)
            options["gracePeriodSeconds"] = grace;
        if (Propagation.Length > 0)
            options["propagationPolicy"] = Propagation;
        if (Uid.Length > 0)
            options.Child("preconditions")["uid"] = Uid;
        if (ResourceVersion.Length > 0)
            options.Child("preconditions")["resourceVersion"] = ResourceVersion;
    }

    public static DeleteOptions From(JsonObject body)
    {
        var orphan = body.Flag("orphanDependents");
        var policy = body.Text("propagationPolicy");
        if (orphan is not null && policy.Length > 0)
        {
            throw Refusal.Invalid("DeleteOptions", "", "", [FieldFault.Invalid("propagationPolicy", policy,
                "orphanDependents and deletionPropagation cannot be both set")]);
        }

        if (policy is not ("" or "Background" or "Foreground" or "Orphan"))
            throw Refusal.Invalid("DeleteOptions", "", "", [FieldFault.NotSupported("propagationPolicy", policy, "Foreground", "Background", "Orphan")]);
        return new DeleteOptions
        {
            GraceSeconds = body.Number("gracePeriodSeconds"),
            Propagation = policy.Length > 0 ? policy : orphan switch { true => "Orphan", false => "Background", null => "" },
            Uid = body.Text("preconditions", "uid"),
            ResourceVersion = body.Text("preconditions", "resourceVersion"),
            DryRun = body.Texts("dryRun").Contains("All"),
        };
    }
}
