using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Validation of how a webhook is reached (apiserver pkg/util/webhook validation).</summary>
internal static class WebhookClientRules
{
    private const string Form = "; desired format: https://host[/path]";

    public static void Check(JsonNode? config, string path, List<FieldFault> faults)
    {
        if (config is null)
            return;
        var (url, service) = (config.At("url"), config.At("service"));
        if (url is null == service is null)
            faults.Add(FieldFault.Required(path, "exactly one of url or service is required"));
        else if (url is not null)
            CheckUrl(config.Text("url"), $"{path}.url", faults);
        else
            CheckService(service!, $"{path}.service", faults);
    }

    private static void CheckUrl(string text, string path, List<FieldFault> faults)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            faults.Add(FieldFault.Required(path, $"url must be a valid URL: cannot parse \"{text}\"{Form}"));
            return;
        }

        if (url.Scheme != Uri.UriSchemeHttps)
            faults.Add(FieldFault.Invalid(path, url.Scheme, $"'https' is the only allowed URL scheme{Form}"));
        if (url.Host.Length == 0)
            faults.Add(FieldFault.Invalid(path, "", $"host must be provided{Form}"));
        if (url.UserInfo.Length > 0)
            faults.Add(FieldFault.Invalid(path, url.UserInfo, "user information is not permitted in the URL"));
        if (url.Fragment.Length > 0)
            faults.Add(FieldFault.Invalid(path, url.Fragment[1..], "fragments are not permitted in the URL"));
        if (url.Query.Length > 0)
            faults.Add(FieldFault.Invalid(path, url.Query[1..], "query parameters are not permitted in the URL"));
    }

    private static void CheckService(JsonNode service, string path, List<FieldFault> faults)
    {
        if (service.Number("port") is < 1 or > 65535)
            faults.Add(FieldFault.Invalid($"{path}.port", service.Number("port"), "port is not valid: must be between 1 and 65535, inclusive"));
        var text = service.Text("path");
        if (text is "" or "/")
            return;
        if (!text.StartsWith('/'))
            faults.Add(FieldFault.Invalid($"{path}.path", text, "must start with a '/'"));
        var steps = text[1..].Split('/');
        for (var i = 0; i < steps.Length; i++)
        {
            // A closing slash is no empty step.
            if (steps[i].Length == 0 && (i < steps.Length - 1 || i == 0))
                faults.Add(FieldFault.Invalid($"{path}.path", text, $"segment[{i}] may not be empty"));
            else if (steps[i].Length > 0 && !ObjectNames.IsSubdomain(steps[i]))
                faults.Add(FieldFault.Invalid($"{path}.path", text, $"segment[{i}]: {ObjectNames.SubdomainRule}"));
        }
    }
}
