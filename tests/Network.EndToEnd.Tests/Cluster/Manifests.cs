namespace Network.EndToEnd.Tests.Cluster;

/// <summary>Manifests that several tests apply.</summary>
public static class Manifests
{
    /// <summary>A deployment of the sample with a service, and a client pod on w1.</summary>
    public static string Web(int replicas) => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: web
                image: podnet-sample
                ports: [{name: http, containerPort: 8080}]
                readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: http}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: client}
        spec:
          nodeName: w1
          terminationGracePeriodSeconds: 1
          containers: [{name: client, image: podnet-sample}]
        """;

    /// <summary>A busybox pod that writes a line a moment.</summary>
    public static string Talker(string name) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, labels: {app: {{{name}}}}}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: talker
            image: busybox
            command: [sh, -c, "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done"]
        """;
}
