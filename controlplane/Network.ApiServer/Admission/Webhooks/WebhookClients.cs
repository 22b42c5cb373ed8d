using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Network.ApiServer.Subresources;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>One client a client configuration: webhooks with the same one share its connections. A client lives as long as a webhook has it.</summary>
internal sealed class WebhookClients(ProxyTarget services)
{
    private readonly ConcurrentDictionary<string, WeakReference<WebhookClient>> _clients = new(StringComparer.Ordinal);

    public WebhookClient For(JsonNode? config)
    {
        var key = config?.ToJsonString() ?? "";
        if (_clients.TryGetValue(key, out var known) && known.TryGetTarget(out var client))
            return client;
        foreach (var (other, reference) in _clients)
        {
            if (!reference.TryGetTarget(out _))
                _clients.TryRemove(other, out _);
        }

        client = new WebhookClient(config, services);
        _clients[key] = new(client);
        return client;
    }
}
