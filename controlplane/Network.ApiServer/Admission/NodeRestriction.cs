using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>
/// A kubelet writes only its own node, its own lease and pods bound to it (plugin/pkg/admission/noderestriction): the authorizer knows the URL, this
/// plugin knows the object.
/// </summary>
internal sealed class NodeRestriction(ObjectRegistry registry) : IAdmission
{
    private const string Mirror = "kubernetes.io/config.mirror";
    private const string LeaseNamespace = "kube-node-lease";

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (NodeIdentity.Of(request.Context.User) is not { } node)
            return default;
        if (node.Length == 0)
            throw Refuse(request, $"could not determine node identity from user \"{request.Context.User.Name}\"");
        var resource = request.Context.Resource;
        switch (resource.Group, resource.Plural)
        {
            case ("", "pods"):
                CheckPod(request, node);
                break;
            case ("", "nodes"):
                CheckNode(request, node);
                break;
            case ("", "serviceaccounts") when request.Context.Subresource == "token":
                CheckToken(request, node);
                break;
            case ("coordination.k8s.io", "leases"):
                CheckLease(request, node);
                break;
        }

        return default;
    }

    private static ApiException Refuse(AdmissionRequest request, string why) =>
        Refusal.Forbidden(request.Context.Resource.Plural, request.Context.Resource.Group, request.Name, why);

    private static void CheckPod(AdmissionRequest request, string node)
    {
        var (pod, owner) = (request.Value, (request.Old ?? request.Value).Text("spec", "nodeName"));
        switch (request.Operation)
        {
            case AdmissionOperation.Create:
                CheckMirror(request, pod, node);
                break;
            case AdmissionOperation.Delete when owner != node:
                throw Refuse(request, $"node \"{node}\" can only delete pods with spec.nodeName set to itself");
            case AdmissionOperation.Update when request.Context.Subresource != "status":
                throw Refuse(request, $"unexpected operation \"UPDATE\", node \"{node}\" can only create and delete mirror pods");
            case AdmissionOperation.Update when owner != node:
                throw Refuse(request, $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself");
            case AdmissionOperation.Update when !JsonNode.DeepEquals(pod.At("metadata", "labels"), request.Old.At("metadata", "labels")):
                throw Refuse(request, $"node \"{node}\" cannot update labels through pod status");
        }
    }

    private static void CheckMirror(AdmissionRequest request, JsonObject pod, string node)
    {
        if (pod.Text("metadata", "annotations", Mirror).Length == 0)
            throw Refuse(request, $"pod does not have \"{Mirror}\" annotation, node \"{node}\" can only create mirror pods");
        if (pod.Text("spec", "nodeName") != node)
            throw Refuse(request, $"node \"{node}\" can only create pods with spec.nodeName set to itself");
        foreach (var owner in pod.Items("metadata", "ownerReferences"))
        {
            if (owner.Text("kind") != "Node" || owner.Text("name") != node)
                throw Refuse(request, $"node \"{node}\" can only create pods with an owner reference set to itself");
        }

        var spec = pod["spec"];
        if (spec.Text("serviceAccountName").Length > 0)
            throw Refuse(request, $"node \"{node}\" can not create pods that reference a service account");
        if (PodReferences.Secrets(spec).Any())
            throw Refuse(request, $"node \"{node}\" can not create pods that reference secrets");
        if (PodReferences.ConfigMaps(spec).Any())
            throw Refuse(request, $"node \"{node}\" can not create pods that reference configmaps");
        if (PodReferences.Claims(spec, request.Name).Any())
            throw Refuse(request, $"node \"{node}\" can not create pods that reference persistentvolumeclaims");
    }

    private static void CheckNode(AdmissionRequest request, string node)
    {
        if (request.Name != node)
            throw Refuse(request, $"node \"{node}\" is not allowed to modify node \"{request.Name}\"");
        var labels = NodeLabels.Forbidden(request.Value.At("metadata", "labels") as JsonObject, request.Old.At("metadata", "labels") as JsonObject);
        if (request.Operation == AdmissionOperation.Create && labels.Count > 0)
            throw Refuse(request, $"node \"{node}\" is not allowed to set the following labels: {string.Join(", ", labels)}");
        if (request.Operation != AdmissionOperation.Update)
            return;
        if (labels.Count > 0)
            throw Refuse(request, $"is not allowed to modify labels: {string.Join(", ", labels)}");
        if (!JsonNode.DeepEquals(Present(request.Value.At("spec", "taints")), Present(request.Old.At("spec", "taints"))))
            throw Refuse(request, $"node \"{node}\" is not allowed to modify taints");
        if (!JsonNode.DeepEquals(Present(request.Value.At("metadata", "ownerReferences")), Present(request.Old.At("metadata", "ownerReferences"))))
            throw Refuse(request, $"node \"{node}\" is not allowed to modify ownerReferences");
    }

    private static JsonNode? Present(JsonNode? list) => list is JsonArray { Count: 0 } ? null : list;

    private static void CheckLease(AdmissionRequest request, string node)
    {
        if (request.Context.Namespace != LeaseNamespace)
            throw Refuse(request, $"can only access leases in the \"{LeaseNamespace}\" system namespace");
        // Who answers for a load balancer's address: any node may take an address over, but speaks for itself alone.
        if (request.Name.StartsWith("address.", StringComparison.Ordinal) || request.Name == $"announcer.{node}")
            return;
        if (request.Name != node)
            throw Refuse(request, "can only access node lease with the same name as the requesting node");
    }

    // The value is the TokenRequest, named like the account it is for.
    private void CheckToken(AdmissionRequest request, string node)
    {
        var reference = request.Value.At("spec", "boundObjectRef");
        if (reference.Text("kind") != "Pod")
            throw Refuse(request, "node requested token not bound to a pod");
        if (reference.Text("uid").Length == 0)
            throw Refuse(request, "node requested token with a pod binding without a uid");
        var pod = registry.Find(ResourceCatalog.Get("pods"), request.Context.Namespace, reference.Text("name"))
            ?? throw Refusal.NotFound("pods", "", reference.Text("name"));
        if (pod.Text("metadata", "uid") != reference.Text("uid"))
            throw Refuse(request, $"the UID in the bound object reference ({reference.Text("uid")}) does not match the UID in record. The object might have been deleted and then recreated");
        if (pod.Text("spec", "nodeName") != node)
            throw Refuse(request, "node requested token bound to a pod scheduled on a different node");
        if (pod.Text("spec", "serviceAccountName") != request.Name)
            throw Refuse(request, $"node requested token for service account \"{request.Name}\" which the pod does not use");
    }
}
