using Microsoft.Extensions.Logging;
using Network.Api.Errors;
using Network.ApiServer.CustomResources;
using Network.ApiServer.Registry;
using Network.ApiServer.Subresources;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>Admission by servers of the cluster's users (admissionregistration.k8s.io/v1). Where nobody configured one, it costs two lookups in memory.</summary>
internal sealed class WebhookAdmission
{
    private readonly ObjectRegistry _registry;
    private readonly WebhookConfigurations _mutating;
    private readonly WebhookConfigurations _validating;
    private readonly WebhookMatcher _matcher;
    private readonly WebhookCaller _caller;

    public WebhookAdmission(ObjectRegistry registry, ServedResources served, KubeletLink kubelets, ILogger logger)
    {
        var clients = new WebhookClients(new ProxyTarget(registry, kubelets));
        _registry = registry;
        _mutating = new WebhookConfigurations(registry.Store, "mutatingwebhookconfigurations", clients);
        _validating = new WebhookConfigurations(registry.Store, "validatingwebhookconfigurations", clients);
        _matcher = new WebhookMatcher(registry, new EquivalentResources(served));
        _caller = new WebhookCaller(logger);
    }

    /// <summary>The mutating webhooks for one request; null when there are none.</summary>
    public Mutation? Begin(AdmissionRequest request) => WebhookMatcher.IsExempt(request) || _mutating.Current() is not { Count: > 0 } hooks ? null
        : new Mutation(_registry, (_matcher, _caller), hooks, request);

    /// <summary>Asks all validating webhooks that are concerned, at once, and waits for all.</summary>
    /// <exception cref="ApiException">The refusal of the first in order; every refusal is logged.</exception>
    public async ValueTask JudgeAsync(AdmissionRequest request)
    {
        if (WebhookMatcher.IsExempt(request) || _validating.Current() is not { Count: > 0 } hooks)
            return;
        var concerned = hooks.Select((hook, index) => (Invocation: _matcher.Match(hook, request), Index: index)).Where(found => found.Invocation is not null).ToList();
        if (concerned.Count == 0)
            return;
        var verdicts = await Task.WhenAll(concerned.Select(found => JudgeAsync(found.Invocation!, found.Index, request)));
        if (verdicts.FirstOrDefault(verdict => verdict is not null) is { } refusal)
            throw refusal;
    }

    private async Task<ApiException?> JudgeAsync(Invocation invocation, int index, AdmissionRequest request)
    {
        try
        {
            if (!await _caller.AskAsync(invocation, request, false, _ => { }))
                _caller.Annotate(request, $"failed-open.validating.webhook.admission.k8s.io/round_0_index_{index}", invocation.Hook.Name);
            return null;
        }
        catch (ApiException e)
        {
            return e;
        }
    }
}
