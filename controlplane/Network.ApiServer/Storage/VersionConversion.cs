using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.ApiServer.Storage;

/// <summary>Resources that show another resource's objects: some older names change only apiVersion, the others have a conversion of their own.</summary>
internal static class VersionConversion
{
    public static MessageType StoredSchema(ResourceInfo resource) =>
        ApiSchema.FindKind(resource.StoredApiVersion, resource.Kind) ?? resource.Schema;

    public static JsonObject ToServed(ResourceInfo resource, JsonObject stored)
    {
        switch (resource.Kind)
        {
            case "Event":
                EventConversion.ToNew(stored);
                break;
            case "HorizontalPodAutoscaler":
                AutoscalerConversion.ToOld(stored);
                break;
            case "EndpointSlice":
                EndpointSliceConversion.ToOld(stored);
                break;
        }

        stored["apiVersion"] = resource.ApiVersion;
        return stored;
    }

    public static JsonObject ToStored(ResourceInfo resource, JsonObject served)
    {
        switch (resource.Kind)
        {
            case "Event":
                EventConversion.ToCore(served);
                break;
            case "HorizontalPodAutoscaler":
                AutoscalerConversion.ToNew(served);
                break;
            case "EndpointSlice":
                EndpointSliceConversion.ToNew(served);
                break;
        }

        served["apiVersion"] = resource.StoredApiVersion;
        return served;
    }
}
