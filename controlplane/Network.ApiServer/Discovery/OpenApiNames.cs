using System.Text.Json;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>What definitions are called: clients and generators know upstream's names by heart.</summary>
internal static class OpenApiNames
{
    public static string Of(MessageType type) => type.Structure is not null ? type.Name : Of(type.Name);

    public static string ListOf(ResourceInfo resource) => Of(resource.Schema) + "List";

    public static void WriteKind(Utf8JsonWriter writer, (string Group, string Version, string Kind) kind)
    {
        writer.WriteStartObject();
        writer.WriteString("group"u8, kind.Group);
        writer.WriteString("version"u8, kind.Version);
        writer.WriteString("kind"u8, kind.Kind);
        writer.WriteEndObject();
    }

    private static string Of(string name) => name[..name.IndexOf('.')] switch
    {
        "meta" => "io.k8s.apimachinery.pkg.apis." + name,
        "apiextensions" => "io.k8s.apiextensions-apiserver.pkg.apis." + name,
        "apiregistration" => "io.k8s.kube-aggregator.pkg.apis." + name,
        _ => "io.k8s.api." + name,
    };
}
