using System.Net;
using System.Net.Sockets;
using k8s.Models;
using Network.Client;
using Network.ServiceProxy.Announce;

namespace Network.Host.Announce;

/// <summary>
/// Who holds which address, as leases of the API server: one a node that it renews while it holds something, one an address that changes
/// only with its holder. Every write names the version it replaces, so of two that want the same one wins.
/// </summary>
internal sealed class AddressLeases(ApiClient client, string node, TimeProvider time)
{
    internal const string Namespace = "kube-node-lease", Label = "podnet.io/announcer";
    private const string AddressPrefix = "address.", SessionPrefix = "announcer.";
    // Longer than any renewal that could still count.
    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(700);
    private V1Lease? _session;

    internal static ListQuery Query { get; } = new() { Namespace = Namespace, LabelSelector = Label };

    internal static IPAddress? AddressOf(V1Lease lease) =>
        lease.Metadata.Name.StartsWith(AddressPrefix, StringComparison.Ordinal) ? Read(lease.Metadata.Name[AddressPrefix.Length..]) : null;

    internal static string KeyOf(IPAddress address) => $"{Namespace}/{NameOf(address)}";

    // An object's name has no colons.
    private static string NameOf(IPAddress address) => AddressPrefix + (address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() : Convert.ToHexStringLower(address.GetAddressBytes()));

    private static IPAddress? Read(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower) ? new IPAddress(Convert.FromHexString(text))
        : IPAddress.TryParse(text, out var address) ? address : null;

    internal static bool IsSession(V1Lease lease) => lease.Metadata.Name.StartsWith(SessionPrefix, StringComparison.Ordinal);

    /// <summary>Writes the session. Conflicts and silence are exceptions.</summary>
    internal Task RenewAsync(string session, CancellationToken cancel) => LimitedAsync(async limit =>
    {
        var name = SessionPrefix + node;
        try
        {
            _session ??= await client.FindAsync(Resources.Leases, Namespace, name, limit).ConfigureAwait(false);
            _session = _session is null
                ? await client.CreateAsync(Resources.Leases, New(name, "session", session), limit).ConfigureAwait(false)
                : await client.ReplaceAsync(Resources.Leases, Held(_session, session), null, limit).ConfigureAwait(false);
            return true;
        }
        catch (ApiException)
        {
            _session = null;
            throw;
        }
    }, cancel);

    /// <summary>The version of another's session as it is this moment; empty when it is another's by now, or gone.</summary>
    internal Task<string> SessionVersionAsync(string session, CancellationToken cancel) => LimitedAsync(async limit =>
    {
        var lease = await client.FindAsync(Resources.Leases, Namespace, SessionPrefix + session.Split('#')[0], limit).ConfigureAwait(false);
        return lease?.Spec?.HolderIdentity == session ? lease.Metadata.ResourceVersion : "";
    }, cancel);

    /// <summary>Makes an address ours unless somebody was faster; the lease as it is then, null for the loser.</summary>
    internal Task<V1Lease?> TakeAsync(IPAddress address, V1Lease? known, string session, CancellationToken cancel) => LimitedAsync(async limit =>
    {
        try
        {
            return known is null
                ? await client.CreateAsync(Resources.Leases, New(NameOf(address), "address", session), limit).ConfigureAwait(false)
                : await client.ReplaceAsync(Resources.Leases, Held(known, session), null, limit).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsConflict || e.IsAlreadyExists || e.IsNotFound)
        {
            return null;
        }
    }, cancel);

    /// <summary>Gives an address up: others may take it at once. Call it only once nothing is answered any more.</summary>
    internal Task<bool> GiveAsync(V1Lease held, CancellationToken cancel) => LimitedAsync(async limit =>
    {
        try
        {
            await client.ReplaceAsync(Resources.Leases, Held(held, ""), null, limit).ConfigureAwait(false);
            return true;
        }
        catch (ApiException e) when (e.IsConflict || e.IsNotFound)
        {
            return false;
        }
    }, cancel);

    /// <summary>Removes the lease of an address that no service has any more.</summary>
    internal Task<bool> RemoveAsync(V1Lease lease, CancellationToken cancel) => LimitedAsync(async limit =>
    {
        try
        {
            return await client.DeleteAsync(Resources.Leases, Namespace, lease.Metadata.Name,
                new V1DeleteOptions { Preconditions = new V1Preconditions { ResourceVersion = lease.Metadata.ResourceVersion } }, limit).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsConflict)
        {
            return false;
        }
    }, cancel);

    private static async Task<T> LimitedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_limit);
        try
        {
            return await ask(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new HttpRequestException($"the API server did not answer within {s_limit.TotalMilliseconds:0} ms");
        }
    }

    private V1Lease New(string name, string kind, string holder) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Namespace, Labels = new Dictionary<string, string> { [Label] = kind } },
        Spec = new V1LeaseSpec { HolderIdentity = holder, LeaseDurationSeconds = (int)Math.Ceiling(Holding.Dead.TotalSeconds), RenewTime = time.GetUtcNow().UtcDateTime, LeaseTransitions = 0 },
    };

    // A copy: the one that was read belongs to the informer.
    private V1Lease Held(V1Lease lease, string holder) => lease with
    {
        Spec = lease.Spec with
        {
            HolderIdentity = holder,
            RenewTime = time.GetUtcNow().UtcDateTime,
            LeaseTransitions = (lease.Spec.LeaseTransitions ?? 0) + (lease.Spec.HolderIdentity == holder ? 0 : 1),
        },
    };
}
