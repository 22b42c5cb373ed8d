namespace Network.EndToEnd.Tests.Dns;

/// <summary>What the rows ask about, made once.</summary>
internal static class DnsManifests
{
    /// <summary>Addresses of service "large".</summary>
    internal const int Many = 100;

    private static readonly string s_longest = new('x', 40);

    /// <summary>Nine search domains, of more than 256 characters together.</summary>
    internal static IReadOnlyList<string> Searches { get; } = Enumerable.Range(1, 9).Select(i => $"{s_longest}{i}.search.test").ToList();

    internal static string All(string upstream) => string.Join("---\n", [
        Peer("peer-0", "w1"), Peer("peer-1", "w2"), Services,
        Asker("asker", "w1", ""),
        Asker("asker-2", "w2", ""),
        Asker("busybox", "w1", "", "busybox"),
        Asker("own-server", "w1", $$"""dnsPolicy: None, dnsConfig: {nameservers: [{{upstream}}], searches: [outside.test], options: [{name: ndots, value: "1"}]}"""),
        Asker("own-options", "w1", """dnsConfig: {searches: [other.svc.cluster.local], options: [{name: ndots, value: "2"}, {name: edns0}]}"""),
        Asker("long-search", "w1", $"dnsConfig: {{searches: [{string.Join(", ", Searches)}]}}"),
        Asker("odd-search", "w1", """dnsConfig: {searches: [".", "_sip._tcp.under_score.test"]}"""),
        Asker("five-search", "w1", "dnsConfig: {searches: [other.svc.cluster.local, kube-system.svc.cluster.local]}"),
        Asker("host", "w2", "hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet"),
        Asker("host-default", "w2", "hostNetwork: true"),
    ]);

    private static string Services => $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: other}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: peer}, ports: [{name: http, port: 80, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: 7web}
        spec: {clusterIP: 10.96.77.77, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: other}
        spec: {clusterIP: 10.96.77.78, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: peers}
        spec: {clusterIP: None, selector: {app: peer}, ports: [{name: http, port: 8080}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: alias}
        spec: {type: ExternalName, externalName: www.outside.test}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: large}
        spec: {clusterIP: None, ports: [{name: http, port: 80}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: large-1, labels: {kubernetes.io/service-name: large} }
        addressType: IPv4
        ports: [{name: http, port: 80, protocol: TCP}]
        endpoints: [{{string.Join(", ", Enumerable.Range(1, Many).Select(i => $"{{addresses: [198.51.100.{i}]}}"))}}]

        """;

    private static string Peer(string name, string node) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: peer} }
        spec:
          nodeName: {{node}}
          hostname: {{name}}
          subdomain: peers
          terminationGracePeriodSeconds: 1
          containers: [{name: c, image: podnet-sample, ports: [{name: http, containerPort: 8080}]}]

        """;

    private static string Asker(string name, string node, string spec, string image = DnsCluster.Image) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}, labels: {app: asker} }
        spec: {nodeName: {{node}}, terminationGracePeriodSeconds: 1, containers: [{name: c, image: {{image}}, command: [sleep, "3600"]}]{{(spec.Length > 0 ? ", " : "")}}{{spec}} }

        """;
}
