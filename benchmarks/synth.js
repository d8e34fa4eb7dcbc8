// What `make bench` compares a plan with: as many services as its first argument says, in AWS CDK's own shortest form.
// The second argument is the folder that the templates are written to.
const { App, Stack } = require("aws-cdk-lib");
const ec2 = require("aws-cdk-lib/aws-ec2");
const ecs = require("aws-cdk-lib/aws-ecs");
const patterns = require("aws-cdk-lib/aws-ecs-patterns");

const [services, outdir] = process.argv.slice(2);
const stack = new Stack(new App({ outdir }), "prod", { env: { account: "444444444444", region: "us-east-1" } });
const vpc = new ec2.Vpc(stack, "vpc", { availabilityZones: ["us-east-1a", "us-east-1b", "us-east-1c"] });
const cluster = new ecs.Cluster(stack, "cluster", { vpc });
cluster.addCapacity("hosts", { instanceType: new ec2.InstanceType("m7i.xlarge"), minCapacity: 3, maxCapacity: 24 });
for (let number = 0; number < Number(services); number++) {
  new patterns.ApplicationLoadBalancedEc2Service(stack, `service-${number}`, {
    cluster,
    cpu: 256,
    memoryLimitMiB: 512,
    desiredCount: 2,
    taskImageOptions: { image: ecs.ContainerImage.fromRegistry("acme/service:1.0.0"), containerPort: 8080 },
  });
}
stack.node.root.synth();
