using System.Text;
using k8s;
using Network.Api.Schema;

namespace Network.ControlPlane.Tests.Client;

/// <summary>Objects as people write them.</summary>
internal static class Yaml
{
    internal static T To<T>(string text) => KubernetesJson.Deserialize<T>(Encoding.UTF8.GetString(YamlBody.ToJson(text)));
}
