using System.Text.Json.Nodes;
using Network.Conformance.Auth;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.ApiMachinery;

/// <summary>All operations of one kind after the other: discovery, create, read, list, watch, patch, update, status, delete one, delete all.</summary>
internal static class ApiOperations
{
    private static readonly ObjectKind[] s_kinds =
    [
        new(Kinds.ConfigMaps, "data: {key: value}") { Mutation = """{"data":{"key":"changed"}}""" },
        new(Kinds.Secrets, "{type: Opaque, data: {key: dmFsdWU=}}") { Mutation = """{"data":{"key":"Y2hhbmdlZA=="}}""" },
        new(Kinds.ServiceAccounts, "automountServiceAccountToken: false") { Mutation = """{"automountServiceAccountToken":true}""" },
        new(Kinds.PodTemplates, "template: {metadata: {labels: {pod: N}}, spec: {containers: [{name: c, image: busybox}]}}") { Mutation = """{"template":{"metadata":{"labels":{"pod":"changed"}}}}""" },
        new(Kinds.LimitRanges, "spec: {limits: [{type: Container, min: {cpu: 50m}, defaultRequest: {cpu: 100m}, default: {cpu: 300m}}]}") { Mutation = """{"spec":{"limits":[{"type":"Container","min":{"cpu":"10m"}}]}}""" },
        new(Kinds.ResourceQuotas, "spec: {hard: {pods: '5'}}") { Mutation = """{"spec":{"hard":{"pods":"6"}}}""", Status = """{"status":{"hard":{"example.com/things":"7"}}}""" },
        new(Kinds.Services, "spec: {ports: [{name: http, port: 80}]}") { Mutation = """{"spec":{"ports":[{"name":"http","port":81}]}}""", Status = """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""" },
        new(Kinds.Endpoints, "subsets: [{addresses: [{ip: 10.0.0.24}], ports: [{name: http, port: 80}]}]") { Mutation = """{"subsets":[{"addresses":[{"ip":"10.0.0.25"}],"ports":[{"name":"http","port":8080}]}]}""" },
        new(Kinds.ReplicationControllers, "spec: {replicas: 0, selector: {pod: N}, template: {metadata: {labels: {pod: N}}, spec: {containers: [{name: c, image: busybox}]}}}") { Mutation = """{"spec":{"minReadySeconds":3}}""", Status = """{"status":{"replicas":0,"observedGeneration":1}}""" },
        new(Kinds.PersistentVolumeClaims, "spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}") { Status = """{"status":{"conditions":[{"type":"Example","status":"True"}]}}""" },
        new(Kinds.Events, "{involvedObject: {kind: Pod, name: p, namespace: <NS>}, reason: Tested, message: first, type: Normal, source: {component: conformance}, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', count: 1}") { Mutation = """{"message":"changed"}""" },
        new(Kinds.NewEvents, "{regarding: {kind: Pod, name: p, namespace: <NS>}, reason: Tested, note: first, type: Normal, action: Do, reportingController: conformance, reportingInstance: one, eventTime: '2026-01-01T00:00:00.123456Z'}") { Mutation = """{"series":{"count":3,"lastObservedTime":"2026-01-01T00:00:01.000001Z"}}""" },
        new(Kinds.Leases, "spec: {holderIdentity: one, leaseDurationSeconds: 30, acquireTime: '2026-01-01T00:00:00.123456Z', leaseTransitions: 0}") { Mutation = """{"spec":{"holderIdentity":"two","leaseTransitions":1}}""" },
        new(Kinds.EndpointSlices, "{addressType: IPv4, endpoints: [{addresses: [10.1.2.3]}], ports: [{name: http, protocol: TCP, port: 80}]}") { Mutation = """{"endpoints":[{"addresses":["10.1.2.4"],"conditions":{"ready":false}}]}""" },
        new(Kinds.Ingresses, "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}") { Mutation = """{"spec":{"defaultBackend":{"service":{"name":"web","port":{"number":81}}}}}""", Status = """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.2"}]}}}""" },
        new(Kinds.IngressClasses, "spec: {controller: example.com/controller}"),
        new(Kinds.ServiceCidrs, "spec: {cidrs: [192.168.5N.0/24]}") { Status = """{"status":{"conditions":[{"type":"Example","status":"True","reason":"Tested","message":"by conformance","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""" },
        new(Kinds.IpAddresses, "spec: {parentRef: {group: '', resource: services, namespace: <NS>, name: web}}") { NamePattern = "198.18.H.N" },
        new(Kinds.FlowSchemas, "spec: {matchingPrecedence: 9900, priorityLevelConfiguration: {name: global-default}, rules: [{subjects: [{kind: User, user: {name: conformance}}], nonResourceRules: [{verbs: ['*'], nonResourceURLs: ['*']}]}]}") { Mutation = """{"spec":{"matchingPrecedence":9901}}""", Status = """{"status":{"conditions":[{"type":"Example","status":"True","reason":"Tested","message":"by conformance","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""" },
        new(Kinds.PriorityLevels, "spec: {type: Limited, limited: {nominalConcurrencyShares: 2, limitResponse: {type: Reject}}}") { Mutation = """{"spec":{"limited":{"nominalConcurrencyShares":4}}}""", Status = """{"status":{"conditions":[{"type":"Example","status":"True","reason":"Tested","message":"by conformance","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""" },
        new(Kinds.CronJobs, "spec: {schedule: '0 0 29 2 *', suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: busybox}]}}}}}") { Mutation = """{"spec":{"schedule":"1 0 29 2 *"}}""", Status = """{"status":{"lastScheduleTime":"2026-01-01T00:00:00Z"}}""" },
        new(Kinds.DisruptionBudgets, "spec: {minAvailable: 1, selector: {matchLabels: {pod: N}}}") { Mutation = """{"spec":{"minAvailable":2}}""", Status = """{"status":{"observedGeneration":1}}""" },
        new(Kinds.Roles, "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]") { Mutation = """{"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}]}""" },
        new(Kinds.ReplicaSets, "spec: {replicas: 0, selector: {matchLabels: {pod: N}}, template: {metadata: {labels: {pod: N}}, spec: {containers: [{name: c, image: busybox}]}}}") { Mutation = """{"spec":{"minReadySeconds":3}}""", Status = """{"status":{"conditions":[{"type":"Example","status":"True"}]}}""" },
        new(Kinds.Deployments, "spec: {replicas: 0, selector: {matchLabels: {pod: N}}, template: {metadata: {labels: {pod: N}}, spec: {containers: [{name: c, image: busybox}]}}}") { Mutation = """{"spec":{"minReadySeconds":3}}""", Status = """{"status":{"conditions":[{"type":"Example","status":"True"}]}}""" },
        new(Kinds.ValidatingWebhooks, "webhooks: [{name: one.example.com, sideEffects: None, admissionReviewVersions: [v1], failurePolicy: Ignore, clientConfig: {url: 'https://127.0.0.1:1/'}, namespaceSelector: {matchLabels: {none: such}}}]") { Mutation = """{"webhooks":[]}""" },
        new(Kinds.MutatingWebhooks, "webhooks: [{name: one.example.com, sideEffects: None, admissionReviewVersions: [v1], failurePolicy: Ignore, clientConfig: {url: 'https://127.0.0.1:1/'}, namespaceSelector: {matchLabels: {none: such}}}]") { Mutation = """{"webhooks":[]}""" },
        new(Kinds.ValidatingPolicies, "spec: {matchConstraints: {namespaceSelector: {matchLabels: {none: such}}, resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}, validations: [{expression: 'object.spec.replicas <= 100'}]}") { Mutation = """{"spec":{"failurePolicy":"Ignore"}}""", Status = """{"status":{"conditions":[{"type":"Example","status":"True","reason":"Tested","message":"by conformance","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""" },
        new(Kinds.ValidatingPolicyBindings, "spec: {policyName: none.example.com, validationActions: [Deny]}") { Mutation = """{"spec":{"validationActions":["Warn"]}}""" },
        new(Kinds.CertificateRequests, $"spec: {{request: {SigningRequest.Example}, signerName: example.com/conformance, usages: [digital signature, client auth]}}") { Status = """{"status":{"conditions":[{"type":"Example","status":"True","reason":"Tested","message":"by conformance"}]}}""" },
        new(Kinds.Autoscalers, "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}") { Mutation = """{"spec":{"maxReplicas":4}}""", Status = """{"status":{"currentReplicas":1,"desiredReplicas":1}}""" },
    ];

    internal static IReadOnlyList<Scenario> All { get; } =
        [.. s_kinds.Select(kind => new Scenario("api-machinery", $"all operations: {kind.Kind.Plural} {kind.Kind.ApiVersion}", run => RunAsync(run, kind)))];

    private static async Task RunAsync(ScenarioRun run, ObjectKind example)
    {
        var (kind, label) = (example.Kind, $"conformance={run.Namespace}");
        await DiscoveredAsync(run, example).ConfigureAwait(false);
        List<string> names = [];
        JsonObject first = [];
        for (var i = 1; i <= 3; i++)
        {
            var created = await run.CreateAsync(kind, Make(run, example, i)).ConfigureAwait(false);
            if (i == 1)
                first = created;
            names.Add((string)created["metadata"]!["name"]!);
            Expect.True(created["metadata"]?["uid"] is not null && created["metadata"]?["creationTimestamp"] is not null, "a created object has a uid and a time");
        }

        await Expect.RefusedAsync("AlreadyExists", () => run.CreateAsync(kind, Make(run, example, 1)), "second create of the same name").ConfigureAwait(false);
        Expect.Equal((string?)first["metadata"]!["uid"], (string?)(await run.GetAsync(kind, names[0]).ConfigureAwait(false))["metadata"]!["uid"], "uid of the object read");
        Expect.Sequence(names, await run.NamesAsync(kind, new Selection { Labels = label }).ConfigureAwait(false), "list by label");
        if (kind.Namespaced)
        {
            var everywhere = await run.Client.ListAsync(kind, null, new Selection { Labels = label }, run.Cancel).ConfigureAwait(false);
            Expect.Equal(3, everywhere["items"]!.AsArray().Count, "objects of all namespaces by label");
        }

        await using var watch = await run.WatchAsync(kind, new Selection { Labels = label, ResourceVersion = (string)first["metadata"]!["resourceVersion"]! }).ConfigureAwait(false);
        await watch.UntilAsync("ADDED", names[2]).ConfigureAwait(false);
        await ChangeAsync(run, example, names[0], watch).ConfigureAwait(false);
        if (example.Status is not null)
            await StatusAsync(run, example, names[0]).ConfigureAwait(false);
        await run.DeleteAsync(kind, names[0]).ConfigureAwait(false);
        await watch.UntilAsync("DELETED", names[0]).ConfigureAwait(false);
        await Expect.RefusedAsync("NotFound", () => run.GetAsync(kind, names[0]), "reading what is deleted").ConfigureAwait(false);
        await run.DeleteCollectionAsync(kind, label).ConfigureAwait(false);
        await run.UntilAsync($"{kind.Plural} are gone", () => run.NamesAsync(kind, new Selection { Labels = label }), left => left.Count == 0).ConfigureAwait(false);
        await watch.UntilAsync("DELETED", names[2]).ConfigureAwait(false);
    }

    private static async Task DiscoveredAsync(ScenarioRun run, ObjectKind example)
    {
        var kind = example.Kind;
        if (kind.Group.Length > 0)
        {
            var groups = await run.GetJsonAsync("/apis").ConfigureAwait(false);
            Expect.True(groups["groups"]!.AsArray().Any(group => (string)group!["name"]! == kind.Group), $"/apis names {kind.Group}");
        }

        var document = await run.GetJsonAsync(kind.Group.Length == 0 ? "/api/v1" : $"/apis/{kind.ApiVersion}").ConfigureAwait(false);
        var entries = document["resources"]!.AsArray().Select(entry => (string)entry!["name"]!).ToList();
        Expect.True(entries.Contains(kind.Plural), $"discovery of {kind.ApiVersion} names {kind.Plural}");
        Expect.Equal(example.Status is not null, entries.Contains($"{kind.Plural}/status"), $"discovery names {kind.Plural}/status");
    }

    private static async Task ChangeAsync(ScenarioRun run, ObjectKind example, string name, WatchReader watch)
    {
        var kind = example.Kind;
        var patched = await run.PatchAsync(kind, name, """{"metadata":{"annotations":{"patched":"true"}}}""").ConfigureAwait(false);
        Expect.Equal("true", (string?)patched["metadata"]?["annotations"]?["patched"], "annotation after the patch");
        // Controllers may have changed the object before.
        while ((string?)(await watch.UntilAsync("MODIFIED", name).ConfigureAwait(false))["metadata"]?["annotations"]?["patched"] != "true")
            run.Cancel.ThrowIfCancellationRequested();
        // Controllers write too; whoever loses the race reads again, as every client does.
        await run.UntilAsync("an update without a conflict", async () =>
        {
            var current = await run.GetAsync(kind, name).ConfigureAwait(false);
            current["metadata"]!["annotations"]!["updated"] = "true";
            if (example.Mutation is { } mutation)
                Api.Patches.MergePatch.Apply(current, JsonNode.Parse(mutation)!.AsObject());
            try
            {
                await run.ReplaceAsync(kind, current).ConfigureAwait(false);
                return true;
            }
            catch (ApiRefusal refusal) when (refusal.Reason == "Conflict")
            {
                return false;
            }
        }).ConfigureAwait(false);
        var updated = await run.GetAsync(kind, name).ConfigureAwait(false);
        Expect.Equal("true", (string?)updated["metadata"]?["annotations"]?["updated"], "annotation after the update");
        if (example.Mutation is { } change)
            Holds(JsonNode.Parse(change)!, updated, "after the update");
    }

    private static async Task StatusAsync(ScenarioRun run, ObjectKind example, string name)
    {
        var wished = JsonNode.Parse(example.Status!)!;
        var patched = await run.PatchAsync(example.Kind, name, example.Status!, subresource: "status").ConfigureAwait(false);
        Holds(wished, patched, "after the patch of status");
        await run.UntilAsync("an update of status without a conflict", async () =>
        {
            var current = await run.GetAsync(example.Kind, name, "status").ConfigureAwait(false);
            current["metadata"]!["annotations"]!["status-updated"] = "true";
            try
            {
                await run.ReplaceAsync(example.Kind, current, "status").ConfigureAwait(false);
                return true;
            }
            catch (ApiRefusal refusal) when (refusal.Reason == "Conflict")
            {
                return false;
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Everything the patch says must be so in the object.</summary>
    private static void Holds(JsonNode wished, JsonNode? got, string where)
    {
        if (wished is JsonObject fields)
        {
            foreach (var (name, value) in fields)
                Holds(value!, got?[name], $"{name} {where}");
        }
        else if (wished is JsonArray list && got is JsonArray others && list.Count == others.Count)
        {
            for (var i = 0; i < list.Count; i++)
                Holds(list[i]!, others[i], $"[{i}] {where}");
        }
        else if (!(wished is JsonArray { Count: 0 } && got is null))
            Expect.Equal(wished.ToJsonString(), got?.ToJsonString(), where);
    }

    private static JsonObject Make(ScenarioRun run, ObjectKind example, int number)
    {
        var manifest = ScenarioRun.Yaml(example.Manifest.Replace("<NS>", run.Namespace, StringComparison.Ordinal).Replace(".5N.", $".5{number}.", StringComparison.Ordinal)
            .Replace("pod: N", $"pod: n{number}", StringComparison.Ordinal));
        var name = example.NamePattern.Length > 0 ? example.NamePattern.Replace("N", $"{number}", StringComparison.Ordinal).Replace("H", $"{Convert.ToByte(run.Namespace[^2..], 16)}", StringComparison.Ordinal)
            : example.Kind.Namespaced ? $"object-{number}" : run.Unique($"object-{number}");
        manifest["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["conformance"] = run.Namespace } };
        return manifest;
    }
}
