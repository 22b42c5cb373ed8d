using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.CustomResources;

namespace Network.ApiServer.Printing;

/// <summary>The printer of each resource, in one list.</summary>
internal static class TableCatalog
{
    private static readonly TablePrinter s_createdAt = new(
        ["Name", new Column("Created At", "date")], (o, _) => [Cells.Name(o), o.Text("metadata", "creationTimestamp")]);

    private static readonly Dictionary<string, TablePrinter> s_printers = new()
    {
        ["pods"] = PodTable.Printer,
        ["nodes"] = NodeTable.Printer,
        ["services"] = ServiceTables.Services,
        ["endpoints"] = ServiceTables.Endpoints,
        ["endpointslices.discovery.k8s.io"] = ServiceTables.Slices,
        ["ingresses.networking.k8s.io"] = ServiceTables.Ingresses,
        ["ingressclasses.networking.k8s.io"] = ServiceTables.IngressClasses,
        ["networkpolicies.networking.k8s.io"] = ServiceTables.NetworkPolicies,
        ["deployments.apps"] = WorkloadTables.Deployments,
        ["replicasets.apps"] = WorkloadTables.ReplicaSets,
        ["replicationcontrollers"] = WorkloadTables.ReplicaSets,
        ["daemonsets.apps"] = WorkloadTables.DaemonSets,
        ["statefulsets.apps"] = WorkloadTables.StatefulSets,
        ["jobs.batch"] = WorkloadTables.Jobs,
        ["cronjobs.batch"] = WorkloadTables.CronJobs,
        ["controllerrevisions.apps"] = WorkloadTables.ControllerRevisions,
        ["poddisruptionbudgets.policy"] = WorkloadTables.DisruptionBudgets,
        ["horizontalpodautoscalers.autoscaling"] = WorkloadTables.Autoscalers,
        ["namespaces"] = ConfigTables.Namespaces,
        ["configmaps"] = ConfigTables.ConfigMaps,
        ["secrets"] = ConfigTables.Secrets,
        ["serviceaccounts"] = ConfigTables.ServiceAccounts,
        ["leases.coordination.k8s.io"] = ConfigTables.Leases,
        ["priorityclasses.scheduling.k8s.io"] = ConfigTables.PriorityClasses,
        ["storageclasses.storage.k8s.io"] = ConfigTables.StorageClasses,
        ["persistentvolumes"] = ConfigTables.PersistentVolumes,
        ["persistentvolumeclaims"] = ConfigTables.PersistentVolumeClaims,
        ["resourcequotas"] = ConfigTables.ResourceQuotas,
        ["rolebindings.rbac.authorization.k8s.io"] = ConfigTables.RoleBindings,
        ["clusterrolebindings.rbac.authorization.k8s.io"] = ConfigTables.RoleBindings,
        ["certificatesigningrequests.certificates.k8s.io"] = ConfigTables.SigningRequests,
        ["podtemplates"] = WorkloadTables.PodTemplates,
        ["runtimeclasses.node.k8s.io"] = StorageTables.RuntimeClasses,
        ["servicecidrs.networking.k8s.io"] = StorageTables.ServiceRanges,
        ["ipaddresses.networking.k8s.io"] = StorageTables.Addresses,
        ["csidrivers.storage.k8s.io"] = StorageTables.Drivers,
        ["csinodes.storage.k8s.io"] = StorageTables.Nodes,
        ["csistoragecapacities.storage.k8s.io"] = StorageTables.Capacities,
        ["volumeattachments.storage.k8s.io"] = StorageTables.Attachments,
        ["volumeattributesclasses.storage.k8s.io"] = StorageTables.AttributesClasses,
        ["mutatingwebhookconfigurations.admissionregistration.k8s.io"] = ExtensionTables.Webhooks,
        ["validatingwebhookconfigurations.admissionregistration.k8s.io"] = ExtensionTables.Webhooks,
        ["validatingadmissionpolicies.admissionregistration.k8s.io"] = ExtensionTables.ValidatingPolicies,
        ["mutatingadmissionpolicies.admissionregistration.k8s.io"] = ExtensionTables.MutatingPolicies,
        ["validatingadmissionpolicybindings.admissionregistration.k8s.io"] = ExtensionTables.PolicyBindings,
        ["mutatingadmissionpolicybindings.admissionregistration.k8s.io"] = ExtensionTables.PolicyBindings,
        ["apiservices.apiregistration.k8s.io"] = ExtensionTables.Services,
        ["flowschemas.flowcontrol.apiserver.k8s.io"] = ExtensionTables.FlowSchemas,
        ["prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"] = ExtensionTables.PriorityLevels,
        ["componentstatuses"] = ExtensionTables.Components,
        ["events"] = EventTable.Core,
        ["events.events.k8s.io"] = EventTable.New,
    };

    public static TablePrinter For(ResourceInfo resource) => resource.CustomSchema is not null ? CustomTables.Of(resource) : s_printers.GetValueOrDefault(resource.Qualified, s_createdAt);
}
