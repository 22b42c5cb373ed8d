using Network.EndToEnd.Tests.Cluster;
using Network.TestKit;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>A webhook that runs in a pod, written by nobody of ours: Python's own HTTPS server, reached through a service.</summary>
public sealed class WebhookTests : IDisposable
{
    private const string Script = """
        import base64, http.server, json, os, ssl, sys

        class Hook(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
                said = {"uid": asked["uid"], "allowed": asked["name"] != "bad", "warnings": ["seen by the pod"]}
                if not said["allowed"]:
                    said["status"] = {"message": "bad name"}
                elif self.path.startswith("/mutate"):
                    patch = [{"op": "add", "path": "/metadata/labels", "value": {"hooked": "yes"}}]
                    said.update(patchType="JSONPatch", patch=base64.b64encode(json.dumps(patch).encode()).decode())
                body = json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": said}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(os.path.join(sys.argv[1], "tls.crt"), os.path.join(sys.argv[1], "tls.key"))
        server = http.server.ThreadingHTTPServer(("", 8443), Hook)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.serve_forever()
        """;

    private readonly LabCluster _cluster = LabCluster.Up("--nodes", "1");
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-hook-").FullName;

    public void Dispose()
    {
        _cluster.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_webhook_in_a_pod_changes_and_refuses_what_kubectl_creates()
    {
        Requires.Tool("python3");
        Requires.Tool("openssl");
        File.WriteAllText(Path.Combine(_directory, "hook.py"), Script);
        Shell.Run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", Path.Combine(_directory, "tls.key"),
            "-out", Path.Combine(_directory, "tls.crt"), "-subj", "/CN=hook", "-addext", "subjectAltName=DNS:hook.default.svc");
        Apply(Pod());
        _cluster.Kubectl("wait", "--for=condition=Ready", "pod/hook", "--timeout=40s");
        Apply(Configuration("Mutating", "mutate") + "---\n" + Configuration("Validating", "validate"));

        _cluster.Kubectl("create", "configmap", "good", "--from-literal=a=b");
        Assert.Equal("yes", _cluster.Kubectl("get", "configmap", "good", "-o", "jsonpath={.metadata.labels.hooked}"));
        var refused = Kubectls.New.Try(_cluster, null, "create", "configmap", "bad");
        Assert.Contains("admission webhook \"mutate.hook.example.com\" denied the request: bad name", refused.Error);
        Assert.Contains("Warning: seen by the pod", refused.Error);

        _cluster.Kubectl("delete", "pod", "hook", "--now");
        Assert.Contains("failed calling webhook \"mutate.hook.example.com\"", Kubectls.New.Try(_cluster, null, "create", "configmap", "late").Error);
    }

    private void Apply(string manifest) => Kubectls.New.Try(_cluster, manifest, "apply", "-f", "-").OrThrow("apply");

    // The image is small; the machine's Python comes with the machine's root.
    private string Pod() => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: hook, labels: {app: hook}}
        spec:
          containers:
          - name: hook
            image: busybox
            command: [chroot, /host, /usr/bin/env, "PATH={{{Environment.GetEnvironmentVariable("PATH")}}}", python3, {{{_directory}}}/hook.py, {{{_directory}}}]
            volumeMounts: [{name: host, mountPath: /host}]
            readinessProbe: {tcpSocket: {port: 8443}, periodSeconds: 1}
          volumes: [{name: host, hostPath: {path: /}}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: hook}
        spec: {selector: {app: hook}, ports: [{port: 443, targetPort: 8443}]}

        """;

    private string Configuration(string kind, string path) => $$$"""
        apiVersion: admissionregistration.k8s.io/v1
        kind: {{{kind}}}WebhookConfiguration
        metadata: {name: hook}
        webhooks:
        - name: {{{path}}}.hook.example.com
          clientConfig: {caBundle: {{{Convert.ToBase64String(File.ReadAllBytes(Path.Combine(_directory, "tls.crt")))}}}, service: {namespace: default, name: hook, path: /{{{path}}} } }
          rules: [{operations: [CREATE, UPDATE], apiGroups: [""], apiVersions: [v1], resources: [configmaps]}]
          sideEffects: None
          admissionReviewVersions: [v1]

        """;
}
