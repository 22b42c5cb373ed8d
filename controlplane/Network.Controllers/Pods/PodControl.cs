using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Network.Client;

namespace Network.Controllers.Pods;

/// <summary>Creates, deletes and adopts pods on behalf of a workload, with upstream's events on the workload.</summary>
internal sealed class PodControl(ControllerContext context, OwnedPods owned)
{
    internal async Task<V1Pod> CreateAsync<T>(Resource<T> resource, T owner, V1PodTemplateSpec template, Action<V1Pod>? adjust, CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var copy = KubernetesJson.Deserialize<V1PodTemplateSpec>(KubernetesJson.Serialize(template));
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                GenerateName = $"{owner.Metadata.Name}-",
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = copy.Metadata?.Labels,
                Annotations = copy.Metadata?.Annotations,
                Finalizers = copy.Metadata?.Finalizers,
                OwnerReferences = [References.ControllerOf(resource, owner)],
            },
            Spec = copy.Spec,
        };
        adjust?.Invoke(pod);
        try
        {
            var created = await context.Client.CreateAsync(Resources.Pods, pod, cancel).ConfigureAwait(false);
            owned.Created(created);
            context.Events.Record(References.To(resource, owner), "Normal", "SuccessfulCreate", $"Created pod: {created.Metadata.Name}");
            return created;
        }
        catch (ApiException e)
        {
            context.Events.Record(References.To(resource, owner), "Warning", "FailedCreate", $"Error creating: {e.Message}");
            throw;
        }
    }

    /// <summary>Slow start: 1, 2, 4, ... at a time, so that a template that is refused costs one request, not hundreds.</summary>
    internal static async Task InBatchesAsync(int count, Func<Task> create)
    {
        for (var (done, batch) = (0, 1); done < count; done += batch, batch *= 2)
            await Task.WhenAll(Enumerable.Range(0, Math.Min(batch, count - done)).Select(_ => create())).ConfigureAwait(false);
    }

    internal async Task DeleteAsync<T>(Resource<T> resource, T owner, V1Pod pod, CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        owned.Deleted(pod);
        try
        {
            var options = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } };
            await context.Client.DeleteAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, options, cancel).ConfigureAwait(false);
            context.Events.Record(References.To(resource, owner), "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
        }
        catch
        {
            owned.NotDeleted(pod);
            throw;
        }
    }

    /// <summary>Takes over a matching pod that nobody controls; a UID precondition makes sure it is still that pod.</summary>
    internal async Task AdoptAsync<T>(Resource<T> resource, T owner, V1Pod pod, CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var reference = References.ControllerOf(resource, owner);
        var patch = Patch.Strategic(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Metadata.Uid,
                ["ownerReferences"] = new JsonArray(JsonNode.Parse(KubernetesJson.Serialize(reference))),
            },
        });
        await context.Client.PatchAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
    }

    /// <summary>Lets go of a pod whose labels no longer match.</summary>
    internal async Task ReleaseAsync(string ownerUid, V1Pod pod, CancellationToken cancel)
    {
        var patch = Patch.Strategic(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Metadata.Uid,
                ["ownerReferences"] = new JsonArray(new JsonObject { ["$patch"] = "delete", ["uid"] = ownerUid }),
            },
        });
        await context.Client.PatchAsync(Resources.Pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, patch, null, cancel).ConfigureAwait(false);
    }
}
