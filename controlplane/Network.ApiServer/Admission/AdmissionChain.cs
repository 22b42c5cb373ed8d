using System.Text.Json.Nodes;
using Network.ApiServer.Admission.Webhooks;

namespace Network.ApiServer.Admission;

/// <summary>Looks at a write: may complete the object, or refuse by throwing.</summary>
internal interface IAdmission
{
    ValueTask AdmitAsync(AdmissionRequest request);
}

/// <summary>
/// The plugins in the order they run, in upstream's two phases (apiserver pkg/admission): first what completes an object, mutating webhooks last; then,
/// when the kind's own rules have passed, what only judges it.
/// </summary>
internal sealed class AdmissionChain
{
    /// <summary>Fill in, and refuse what they cannot fill in. They must bear to be run again over their own result.</summary>
    public IReadOnlyList<IAdmission> Completing { get; init; } = [];

    /// <summary>Set what no webhook may have the last word on.</summary>
    public IReadOnlyList<IAdmission> Sealing { get; init; } = [];

    public IReadOnlyList<IAdmission> Judging { get; init; } = [];

    /// <summary>Take something for the write, so they come when nothing else can refuse it any more.</summary>
    public IReadOnlyList<IAdmission> Charging { get; init; } = [];

    /// <summary>Null asks nobody.</summary>
    public WebhookAdmission? Webhooks { get; init; }

    /// <summary>Completes the object. Afterwards <see cref="AdmissionRequest.Changed"/> says whether a webhook had a hand in it.</summary>
    public async ValueTask AdmitAsync(AdmissionRequest request)
    {
        await RunAsync(Completing, request);
        if (Webhooks?.Begin(request) is { } mutation && await mutation.RunAsync())
        {
            // One more round, as upstream: the plugins see what webhooks added, and webhooks that asked for it see what came after them.
            await RunAsync(Completing, request);
            await mutation.RunAgainAsync();
        }

        await RunAsync(Sealing, request);
    }

    /// <summary>Judges the object as it would be stored.</summary>
    public async ValueTask JudgeAsync(AdmissionRequest request)
    {
        // A webhook of the second round may have added what the plugins would have refused; what they would fill in now is too late.
        if (request.Changed)
            await RunAsync(Completing, request with { Value = (JsonObject)request.Value.DeepClone() });
        await RunAsync(Judging, request);
        if (Webhooks is not null)
            await Webhooks.JudgeAsync(request);
    }

    public ValueTask ChargeAsync(AdmissionRequest request) => RunAsync(Charging, request);

    /// <summary>Asks webhooks only: about what is no write of an object (a connection, an eviction, a scale).</summary>
    public async ValueTask ReviewAsync(AdmissionRequest request)
    {
        if (Webhooks is null)
            return;
        if (Webhooks.Begin(request) is { } mutation && await mutation.RunAsync())
            await mutation.RunAgainAsync();
        await Webhooks.JudgeAsync(request);
    }

    private static async ValueTask RunAsync(IReadOnlyList<IAdmission> plugins, AdmissionRequest request)
    {
        foreach (var plugin in plugins)
            await plugin.AdmitAsync(request);
    }
}
