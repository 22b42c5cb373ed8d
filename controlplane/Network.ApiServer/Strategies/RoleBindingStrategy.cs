using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Role bindings of both scopes: what they bind to never changes.</summary>
internal sealed class RoleBindingStrategy : Strategy
{
    private const string Group = "rbac.authorization.k8s.io";

    public override void Default(JsonObject value)
    {
        var role = value.Child("roleRef");
        if (role.Text("apiGroup").Length == 0)
            role["apiGroup"] = Group;
        foreach (var subject in value.Items("subjects"))
        {
            if (subject.Text("apiGroup").Length == 0 && subject.Text("kind") is "User" or "Group")
                subject["apiGroup"] = Group;
        }
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        PodSpecRules.OneOf(value.Text("roleRef", "kind"), "roleRef.kind", faults, "ClusterRole", "Role");
        var i = 0;
        foreach (var subject in value.Items("subjects"))
        {
            PodSpecRules.OneOf(subject.Text("kind"), $"subjects[{i}].kind", faults, "User", "Group", "ServiceAccount");
            if (subject.Text("kind") == "ServiceAccount" && subject.Text("namespace").Length == 0)
                faults.Add(FieldFault.Required($"subjects[{i}].namespace"));
            i++;
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        if (!JsonNode.DeepEquals(value["roleRef"], old["roleRef"]))
            faults.Add(FieldFault.Invalid("roleRef", value["roleRef"]?.DeepClone(), "cannot change roleRef"));
    }
}
