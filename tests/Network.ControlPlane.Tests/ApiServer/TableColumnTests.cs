using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Columns of `kubectl get`, as upstream's printers have them; those behind the bar only with -o wide.</summary>
public sealed class TableColumnTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Theory]
    [InlineData("/api/v1/pods", "Name, Ready, Status, Restarts, Age | IP, Node, Nominated Node, Readiness Gates")]
    [InlineData("/api/v1/services", "Name, Type, Cluster-IP, External-IP, Port(s), Age | Selector")]
    [InlineData("/api/v1/endpoints", "Name, Endpoints, Age")]
    [InlineData("/api/v1/nodes", "Name, Status, Roles, Age, Version | Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime")]
    [InlineData("/api/v1/namespaces", "Name, Status, Age")]
    [InlineData("/api/v1/configmaps", "Name, Data, Age")]
    [InlineData("/api/v1/secrets", "Name, Type, Data, Age")]
    [InlineData("/api/v1/serviceaccounts", "Name, Age")]
    [InlineData("/api/v1/events", "Last Seen, Type, Reason, Object, Message | Subobject, Source, First Seen, Count, Name")]
    [InlineData("/api/v1/replicationcontrollers", "Name, Desired, Current, Ready, Age | Containers, Images, Selector")]
    [InlineData("/api/v1/podtemplates", "Name, Containers, Images, Pod Labels")]
    [InlineData("/api/v1/limitranges", "Name, Created At")]
    [InlineData("/api/v1/resourcequotas", "Name, Request, Limit, Age")]
    [InlineData("/api/v1/persistentvolumes", "Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age | VolumeMode")]
    [InlineData("/api/v1/persistentvolumeclaims", "Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age | VolumeMode")]
    [InlineData("/api/v1/componentstatuses", "Name, Status, Message, Error")]
    [InlineData("/apis/apps/v1/deployments", "Name, Ready, Up-to-date, Available, Age | Containers, Images, Selector")]
    [InlineData("/apis/apps/v1/replicasets", "Name, Desired, Current, Ready, Age | Containers, Images, Selector")]
    [InlineData("/apis/apps/v1/daemonsets", "Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age | Containers, Images, Selector")]
    [InlineData("/apis/apps/v1/statefulsets", "Name, Ready, Age | Containers, Images")]
    [InlineData("/apis/apps/v1/controllerrevisions", "Name, Controller, Revision, Age")]
    [InlineData("/apis/batch/v1/jobs", "Name, Status, Completions, Duration, Age | Containers, Images, Selector")]
    [InlineData("/apis/batch/v1/cronjobs", "Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age | Containers, Images, Selector")]
    [InlineData("/apis/discovery.k8s.io/v1/endpointslices", "Name, AddressType, Ports, Endpoints, Age")]
    [InlineData("/apis/networking.k8s.io/v1/networkpolicies", "Name, Pod-Selector, Age")]
    [InlineData("/apis/networking.k8s.io/v1/ingresses", "Name, Class, Hosts, Address, Ports, Age")]
    [InlineData("/apis/networking.k8s.io/v1/ingressclasses", "Name, Controller, Parameters, Age")]
    [InlineData("/apis/networking.k8s.io/v1/servicecidrs", "Name, CIDRs, Age")]
    [InlineData("/apis/networking.k8s.io/v1/ipaddresses", "Name, ParentRef")]
    [InlineData("/apis/coordination.k8s.io/v1/leases", "Name, Holder, Age")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/roles", "Name, Created At")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/clusterroles", "Name, Created At")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/rolebindings", "Name, Role, Age | Users, Groups, ServiceAccounts")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "Name, Role, Age | Users, Groups, ServiceAccounts")]
    [InlineData("/apis/certificates.k8s.io/v1/certificatesigningrequests", "Name, Age, SignerName, Requestor, RequestedDuration, Condition")]
    [InlineData("/apis/policy/v1/poddisruptionbudgets", "Name, Min Available, Max Unavailable, Allowed Disruptions, Age")]
    [InlineData("/apis/autoscaling/v2/horizontalpodautoscalers", "Name, Reference, Targets, MinPods, MaxPods, Replicas, Age")]
    [InlineData("/apis/scheduling.k8s.io/v1/priorityclasses", "Name, Value, Global-Default, Age, PreemptionPolicy")]
    [InlineData("/apis/node.k8s.io/v1/runtimeclasses", "Name, Handler, Age")]
    [InlineData("/apis/storage.k8s.io/v1/storageclasses", "Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age")]
    [InlineData("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "Name, Webhooks, Age")]
    [InlineData("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", "Name, Webhooks, Age")]
    [InlineData("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", "Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL")]
    [InlineData("/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations", "Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age")]
    public async Task Table_has_the_columns_of_upstream(string path, string columns)
    {
        using var client = server.Admin();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
        var (code, table) = await client.SendAsync("GET", path);
        Assert.Equal(200, code);
        var definitions = table["columnDefinitions"]!.AsArray();
        Assert.Equal(columns, string.Join(" | ", definitions.GroupBy(d => (int)d!["priority"]! > 0).OrderBy(g => g.Key).Select(g => string.Join(", ", g.Select(d => (string)d!["name"]!)))));
        Assert.All(table["rows"]!.AsArray(), row => Assert.Equal(definitions.Count, row!["cells"]!.AsArray().Count));
    }
}
