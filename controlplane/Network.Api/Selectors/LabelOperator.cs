namespace Network.Api.Selectors;

public enum LabelOperator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan }
